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
