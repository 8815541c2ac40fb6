import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Response } from 'express'
import { type CsvRow, spreadsheetParts } from '../server/runtime/csv.ts'

/**
 * Sends a file a piece at a time, as fast as the client reads. Resolves when it is sent, and also when the client goes
 * away; ends the connection when `parts` fails, so that half a file does not look whole.
 */
export async function sendFile(
  response: Response,
  file: { readonly name: string; readonly type: string },
  parts: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  response.setHeader('Content-Type', file.type)
  response.setHeader('Content-Disposition', `attachment; filename="${file.name}"`)
  response.setHeader('Cache-Control', 'no-store')
  try {
    await pipeline(Readable.from(parts, { highWaterMark: 1 }), response)
  } catch (error) {
    if (!isGoneClient(error)) throw error
  }
}

/** A table for a spreadsheet. */
export function sendCsv(
  response: Response,
  name: string,
  header: readonly string[],
  rows: AsyncIterable<CsvRow> | Iterable<CsvRow>,
): Promise<void> {
  return sendFile(response, { name, type: 'text/csv; charset=utf-8' }, spreadsheetParts(header, rows))
}

/** A JSON value on each line. */
export function sendJsonLines(response: Response, name: string, values: AsyncIterable<object>): Promise<void> {
  return sendFile(response, { name, type: 'application/jsonl; charset=utf-8' }, jsonParts(values))
}

async function* jsonParts(values: AsyncIterable<object>) {
  let waiting = ''
  for await (const value of values) {
    waiting += `${JSON.stringify(value)}\n`
    if (waiting.length < charactersInPart) continue
    yield waiting
    waiting = ''
  }
  yield waiting
}

const charactersInPart = 64 * 1024

function isGoneClient(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}
