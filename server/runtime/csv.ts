export type CsvRow = readonly (string | number | null)[]

/** CSV text of rows, each ended by a line feed; null is an empty field. */
export function formatCsv(rows: readonly CsvRow[]): string {
  return rows.map((row) => `${row.map(field).join(',')}\n`).join('')
}

const rowsInPart = 500

/** A table for a spreadsheet, some rows at a time, as RFC 4180 has it. What would be a formula there begins with an apostrophe. */
export async function* spreadsheetParts(
  header: readonly string[],
  rows: AsyncIterable<CsvRow> | Iterable<CsvRow>,
): AsyncGenerator<string> {
  let waiting: CsvRow[] = [header]
  for await (const row of rows) {
    waiting.push(row)
    if (waiting.length < rowsInPart) continue
    yield spreadsheetText(waiting)
    waiting = []
  }
  yield spreadsheetText(waiting)
}

function spreadsheetText(rows: readonly CsvRow[]): string {
  return rows.map((row) => `${row.map(harmless).map(field).join(',')}\r\n`).join('')
}

/** A spreadsheet runs what begins like a formula; names and addresses come from people. */
function harmless(value: string | number | null): string | number | null {
  return typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
}

function field(value: string | number | null): string {
  const text = String(value ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
