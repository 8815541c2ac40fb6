import type { Json } from '../directory-store.ts'

/** An LDAP operation that is kept: a line of the access log. */
export type LoggedOperation = {
  /** Grows with time, also over a restart. */
  readonly number: number
  /** ISO 8601, UTC. */
  readonly time: string
  readonly operation: string
  /** Name that the client sent: a DN, or what it binds with instead; empty: none. */
  readonly name: string
  /** Where the client was. */
  readonly address: string
  /** Who was bound when it ended. */
  readonly identity: string
  /** Result code by its RFC 4511 name. */
  readonly result: string
  /** What the client was not told; empty: nothing. */
  readonly reason: string
  readonly durationMs: number
  /** Entries that a search gave; null: it was none. */
  readonly entries: number | null
  /** A search that no index helped with. */
  readonly isUnindexed: boolean
}

const longestText = 300

/** Ends of connections, which say nothing. */
const dull = ['unbind', 'abandon']

/**
 * What a line of the access log tells, without a number; undefined for one that is not kept: what `log.operations: "all"`
 * adds, and what is no operation.
 */
export function operationOfLine(line: string): Omit<LoggedOperation, 'number'> | undefined {
  // Most lines of a busy server with "all" end here.
  if (!line.startsWith('{"event":"operation"')) return undefined
  const read = JSON.parse(line) as Readonly<Record<string, Json>> // written by access-log.ts
  const text = (name: string) => {
    const value = read[name]
    return typeof value === 'string' ? value.slice(0, longestText) : ''
  }
  const operation = {
    time: text('time'),
    operation: text('operation'),
    name: text('dn'),
    address: text('remoteAddress'),
    identity: text('identity'),
    result: text('result'),
    reason: text('reason'),
    durationMs: Number(read['durationMs'] ?? 0),
    entries: typeof read['entries'] === 'number' ? read['entries'] : null,
    isUnindexed: read['isUnindexed'] === true,
  }
  return isKept(operation) ? operation : undefined
}

function isKept({ operation, result, durationMs, isUnindexed }: Omit<LoggedOperation, 'number'>): boolean {
  if (dull.includes(operation)) return false
  const isRead = operation === 'search' || operation === 'compare'
  return !isRead || !expectedOfReads.includes(result) || durationMs >= slowMs || isUnindexed
}

const slowMs = 250
const expectedOfReads = ['success', 'compareTrue', 'compareFalse']

/** Which operations are wanted; undefined: whatever. */
export interface OperationFilter {
  /** Part of the name, of who was bound or of the reason, in any case. Empty: whatever. */
  readonly search: string
  /** Beginning of an address. */
  readonly address?: string | undefined
  readonly operation?: string | undefined
  /** `failure`: anything but success. */
  readonly result?: string | undefined
}

export function isWanted(
  { name, identity, reason, address, operation, result }: LoggedOperation,
  filter: OperationFilter,
): boolean {
  const search = filter.search.toLowerCase()
  return (
    (filter.address === undefined || address.startsWith(filter.address)) &&
    (filter.operation === undefined || operation === filter.operation) &&
    (filter.result === undefined ||
      (filter.result === 'failure' ? !expectedOfReads.includes(result) : result === filter.result)) &&
    (search === '' || [name, identity, reason].some((text) => text.toLowerCase().includes(search)))
  )
}
