import { normalizeDn } from '../protocol/distinguished-name.ts'
import type { Directory, StateEntry } from './directory.ts'
import { entryBefore, PastEntries } from './past-entries.ts'
import { ascending } from '../runtime/order.ts'

/**
 * The directory as it was right after the change of that number, or as it is: by key. Throws an Error when changes in between
 * are not kept any more.
 */
export async function directoryAfter(
  directory: Pick<Directory, 'snapshot' | 'store'>,
  number: number | undefined,
): Promise<readonly StateEntry[]> {
  const { lastChange, entries } = await directory.snapshot()
  const states: StateEntry[] = []
  if (number === undefined || number === lastChange) states.push(...entries)
  else {
    const past = await undone(directory.store, number, lastChange)
    const present = new Map(entries.map((entry) => [entry.entryUUID, entry]))
    for (const entryUUID of new Set([...present.keys(), ...past.changed])) {
      const state = stateBefore(entryUUID, present.get(entryUUID), past)
      if (state !== undefined) states.push(state)
    }
  }
  return states.sort(ascending(({ key }) => key))
}

async function undone(store: Directory['store'], number: number, lastChange: number): Promise<PastEntries> {
  const past = new PastEntries()
  let expected = number + 1
  for await (const change of store.changes(number)) {
    if (change.number > lastChange) break
    if (change.number !== expected++) break
    past.add(change)
  }
  if (expected <= lastChange)
    throw new Error(`the changes after number ${number} were forgotten meanwhile (retention.changeLogDays)`)
  return past
}

function stateBefore(entryUUID: string, now: StateEntry | undefined, past: PastEntries): StateEntry | undefined {
  const difference = past.differenceOf(entryUUID)
  if (difference === undefined) return now
  if (difference.dn === undefined) return undefined
  const { dn } = difference
  return { entryUUID, key: normalizeDn(dn), read: () => entryBefore({ dn, entryUUID }, difference, now?.read()) }
}
