import { knownChanges, lastChangeUntil } from '../directory/change-history.ts'
import { ChangeRefused } from '../directory/credentials/change-refused.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'

/** Right after a change, or when it was that time (ISO 8601). */
export type DirectoryMoment = { readonly change: number } | { readonly time: string }

/** Number of the last change that had been made by then. Throws ChangeRefused for what was before what is kept, or is to come. */
export async function changeNumberAt(
  store: Pick<DirectoryStore, 'changes' | 'get' | 'lastChange'>,
  moment: DirectoryMoment,
  now: Date,
): Promise<number> {
  const known = await knownChanges(store, now)
  const { since, first } = known
  const begin = since === null ? 1 : first - 1
  if ('change' in moment) {
    if (moment.change > store.lastChange)
      throw new ChangeRefused(`--at: there is no change ${moment.change}; the last is ${store.lastChange}`)
    if (moment.change < begin) throw tooEarly(String(moment.change), String(begin), since)
    return moment.change
  }
  const { time } = moment
  // The end of today is still to come.
  if (time.slice(0, 10) > now.toISOString().slice(0, 10))
    throw new ChangeRefused(`--at: ${time} is yet to come; it is ${now.toISOString()}`)
  if (since !== null && time < since) throw tooEarly(time, since, since)
  const number = await lastChangeUntil(store, time, known)
  if (number < begin) throw tooEarly(time, await timeOfFirst(store), since)
  return number
}

function tooEarly(wanted: string, oldest: string, since: string | null): ChangeRefused {
  const why =
    since === null ? 'the directory was filled later' : 'changes before were forgotten (retention.changeLogDays)'
  return new ChangeRefused(`--at: what was at ${wanted} is not known: ${why}; the oldest possible is --at ${oldest}`)
}

async function timeOfFirst(store: Pick<DirectoryStore, 'changes'>): Promise<string> {
  for await (const { time } of store.changes(0)) return time
  return 'now'
}
