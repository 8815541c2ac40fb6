import type { Change, DirectoryStore, RecordChange } from './directory-store.ts'

type LoggedStore = Pick<DirectoryStore, 'changes' | 'get' | 'lastChange'>

/** Changes before the time (ISO 8601) are forgotten, or about to be: committed before they are. */
export function forgottenMark(before: string): RecordChange {
  return { collection: 'meta', key: ['changesForgotten'], value: before }
}

/** What the change log still has. */
export interface KnownChanges {
  /** ISO 8601: every change from then on is known; null: every change there was. */
  readonly since: string | null
  /** Number of the first change that is kept; the one after the last while none is. */
  readonly first: number
}

export async function knownChanges(store: LoggedStore, now: Date): Promise<KnownChanges> {
  const oldest = await firstChangeAfter(store, 0)
  const first = oldest?.number ?? store.lastChange + 1
  if (first === 1) return { since: null, first }
  const mark = await store.get('meta', ['changesForgotten'])
  const times = [typeof mark === 'string' ? mark : undefined, oldest?.time].filter((time) => time !== undefined)
  return { since: times.sort()[0] ?? now.toISOString(), first }
}

/** Number of the last change made at that time (ISO 8601) or before, at least the one before the first that is kept. */
export async function lastChangeUntil(store: LoggedStore, time: string, { first }: KnownChanges): Promise<number> {
  let below = first - 1
  let above = store.lastChange + 1
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2)
    const change = await firstChangeAfter(store, middle - 1)
    if (change === undefined || change.time > time) above = middle
    else below = middle
  }
  return below
}

export async function firstChangeAfter(store: LoggedStore, number: number): Promise<Change | undefined> {
  for await (const change of store.changes(number)) return change
  return undefined
}

export interface ChangeRange {
  /** ISO 8601; undefined: from the first on. */
  readonly since?: string | undefined
  /** ISO 8601, that moment included; undefined: to the last. */
  readonly until?: string | undefined
  readonly limit: number
  /** Changes up to this number are not looked at. */
  readonly after?: number
}

/** What was done to an entry, latest first; `more` older ones of the range are left out for the limit. */
export async function changesOfEntry(
  store: LoggedStore,
  entryUUID: string,
  { since, until, limit, after = 0 }: ChangeRange,
): Promise<{ readonly changes: readonly Change[]; readonly more: number }> {
  const changes: Change[] = []
  let more = 0
  for await (const change of store.changes(after)) {
    if (change.entryUUID !== entryUUID) continue
    if ((since !== undefined && change.time < since) || (until !== undefined && change.time > until)) continue
    changes.push(change)
    if (changes.length <= limit) continue
    changes.shift()
    more += 1
  }
  return { changes: changes.toReversed(), more }
}
