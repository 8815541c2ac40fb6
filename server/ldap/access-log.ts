import { resultCodeName } from '../protocol/result-code.ts'
import type { Identity } from '../directory/access-control.ts'
import { describeIdentity } from './session.ts'

/** One operation as the access log shows it. Values of filters are not logged. */
export interface AccessLogRecord {
  readonly connectionId: number
  /** Of a bind; a provider that is asked about the password is told it. */
  readonly requestId?: string | undefined
  readonly remoteAddress: string
  readonly messageId: number
  readonly operation: string
  readonly identity: Identity
  readonly dn?: string | undefined
  readonly resultCode: number
  readonly durationMs: number
  readonly entries?: number | undefined
  readonly isUnindexed?: boolean | undefined
  /** What the client is not told. */
  readonly reason?: string | undefined
}

export interface AccessLog {
  record(record: AccessLogRecord): void
}

export interface AccessLogOptions {
  readonly operations: 'notable' | 'all'
  readonly write: (line: string) => void
  /** Hears of every operation, notable or not. */
  readonly observe: (operation: string, resultCode: number, durationSeconds: number) => void
}

const slowMs = 250
/** Names come from clients and may be as long as a message. */
const longestDn = 300
const expected = new Set([0, 5, 6])

export function createAccessLog({ operations, write, observe }: AccessLogOptions): AccessLog {
  const isNotable = (record: AccessLogRecord) =>
    operations === 'all' ||
    record.operation === 'bind' ||
    !expected.has(record.resultCode) ||
    record.durationMs >= slowMs ||
    record.isUnindexed === true ||
    (record.operation !== 'search' && record.operation !== 'compare')
  return {
    record(record) {
      observe(record.operation, record.resultCode, record.durationMs / 1000)
      if (!isNotable(record)) return
      write(lineOf(record))
    },
  }
}

/** JSON, one field after the other: a line is written for every bind. */
function lineOf(record: AccessLogRecord): string {
  const { connectionId, remoteAddress, messageId, operation, entries, isUnindexed, reason } = record
  const { requestId, dn, resultCode } = record
  return `{"event":"operation","time":"${timeNow()}","connectionId":${connectionId},"remoteAddress":${JSON.stringify(
    remoteAddress,
  )},"messageId":${messageId},"operation":"${operation}"${entries === undefined ? '' : `,"entries":${entries}`}${
    isUnindexed === undefined ? '' : `,"isUnindexed":${isUnindexed}`
  }${reason === undefined ? '' : `,"reason":${JSON.stringify(reason)}`}${
    requestId === undefined ? '' : `,"requestId":"${requestId}"`
  }${
    dn === undefined ? '' : `,"dn":${JSON.stringify(dn.slice(0, longestDn))}`
  },"identity":${JSON.stringify(describeIdentity(record.identity))},"result":"${resultCodeName(
    resultCode,
  )}","durationMs":${Math.round(record.durationMs * 100) / 100}}\n`
}

let lastMs = 0
let lastText = ''

/** ISO 8601. Many operations end within one millisecond. */
function timeNow(): string {
  const nowMs = Date.now()
  if (nowMs !== lastMs) {
    lastMs = nowMs
    lastText = new Date(nowMs).toISOString()
  }
  return lastText
}

const flushMs = 200
const bufferedBytes = 64 * 1024
const backlogBytes = 8 * 1024 * 1024

/** Where lines go. `writableLength` is what was written and not taken yet, in bytes. */
export interface LineSink {
  write(text: string): unknown
  readonly writableLength: number
}

/**
 * Gathers lines and hands them to the sink in one piece, a few times a second. While the sink does not keep up, lines are dropped and
 * counted: whoever reads the log slowly must not make the server hold it.
 */
export function bufferedLineWriter(sink: LineSink): { write: (line: string) => void; flush: () => void } {
  let text = ''
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (text !== '') sink.write(text)
    text = ''
  }
  return {
    flush,
    write(line) {
      if (sink.writableLength > backlogBytes) {
        dropped += 1
        return
      }
      if (dropped > 0)
        text += `${JSON.stringify({ event: 'access log lines dropped', time: new Date().toISOString(), count: dropped })}\n`
      dropped = 0
      text += line
      if (text.length >= bufferedBytes) flush()
      else timer ??= setTimeout(flush, flushMs).unref()
    },
  }
}
