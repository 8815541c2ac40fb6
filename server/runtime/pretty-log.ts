/** A JSON log line as `08:15:30 warn  provider is stale provider=contoso`; a line that is not one is left as it is. */
export function formatPretty(line: string): string {
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch {
    return line
  }
  if (typeof fields !== 'object' || fields === null) return line
  const { time, level, event, err, ...rest } = fields as Record<string, unknown>
  const details = Object.entries(rest).map(([name, value]) => ` ${name}=${shown(value)}`)
  const clock = typeof time === 'string' ? `${time.slice(11, 19)} ` : ''
  return `${clock}${textOf(level).padEnd(5)} ${textOf(event)}${details.join('')}${errorLines(err)}\n`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

function errorLines(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const stack = 'stack' in error && typeof error.stack === 'string' ? error.stack : JSON.stringify(error)
  const cause = 'cause' in error ? `\ncaused by ${JSON.stringify(error.cause)}` : ''
  return `\n${stack}${cause}`.replaceAll('\n', '\n  ')
}
