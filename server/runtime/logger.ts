import { type Logger, pino } from 'pino'
import { formatPretty } from './pretty-log.ts'

export type { Logger } from 'pino'

export interface LogOptions {
  /** Least important level that is logged. */
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** `json`: one JSON event a line; `pretty`: for a person at a terminal. */
  readonly format: 'json' | 'pretty'
  /** Gets whole lines with their line end; default: stdout. */
  readonly write?: (line: string) => void
}

/** Field names whose value is never printed, at the top of an event and one or two levels below. */
const secretFields = [
  'password',
  'newPassword',
  'userPassword',
  'secret',
  'clientSecret',
  'apiToken',
  'token',
  'accessToken',
  'refreshToken',
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'client_assertion',
  'authorization',
  'Authorization',
  'cookie',
  'Cookie',
]

/**
 * The application's logger. An event is a fixed text (`event`) with fields: `logger.info({ runId }, 'run finished')`.
 * Secrets in fields of known names print as `[redacted]`; errors print type, message, stack, code and cause only, because
 * the errors of HTTP clients carry whole requests.
 */
export function createLogger({ level, format, write = (line) => process.stdout.write(line) }: LogOptions): Logger {
  return pino(
    {
      level,
      messageKey: 'event',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: plainError },
      redact: {
        paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
        censor: '[redacted]',
      },
    },
    { write: format === 'pretty' ? (line: string) => write(formatPretty(line)) : write },
  )
}

interface PlainError {
  readonly type: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: string | number
  readonly cause?: PlainError
}

const maxCauses = 5

function plainError(error: unknown, depth = 0): PlainError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : null
  return {
    type: error.name,
    message: error.message,
    ...(depth === 0 ? { stack: error.stack } : {}),
    ...(code === null ? {} : { code }),
    ...(error.cause === undefined || depth >= maxCauses ? {} : { cause: plainError(error.cause, depth + 1) }),
  }
}
