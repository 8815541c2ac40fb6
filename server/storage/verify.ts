import type { Change } from '../directory/directory-store.ts'
import type { Entry } from '../directory/entry.ts'
import { decodeChange } from './change-codec.ts'
import type { Database } from './database.ts'
import { decodeEntry } from './entry-codec.ts'
import {
  changeNumberOfLogKey,
  dnKey,
  dnRange,
  entryRange,
  entryUUIDOfEntryKey,
  type KeyRange,
  logRange,
  metaKey,
  recordsRange,
  rowName,
  uuidFromOctets,
} from './keys.ts'
import { decodeRecord } from './record-codec.ts'
import type { ReadView } from './read-view.ts'

type Snapshot = ReadView['snapshot']
type LastChange = Pick<Change, 'number' | 'type' | 'dn'>

/**
 * One line per disagreement between entries, DN table and change log in the state of `snapshot`:
 * - each entry is readable, stands under its own entryUUID, and its DN leads to it; no other DN leads anywhere;
 * - change numbers have no gaps and end at the stored last number;
 * - the newest change of an entry names its DN, or is a deletion and the entry is gone. An entry whose changes have been
 *   removed by retention has none;
 * - every record is readable.
 */
export async function verifyStore(db: Database, snapshot: Snapshot): Promise<string[]> {
  const problems: string[] = []
  const log = await readLog(db, snapshot, problems)
  const dnOfEntry = new Map<string, string>()
  for await (const [key, value] of rowsOf(db, snapshot, entryRange)) {
    const entryUUID = entryUUIDOfEntryKey(key)
    const entry = readable(() => decodeEntry(value), `entry ${entryUUID}`, problems)
    if (!entry) continue
    dnOfEntry.set(dnKey(entry.dn).toString('latin1'), entryUUID)
    if (entry.entryUUID !== entryUUID) problems.push(`entry ${entryUUID}: its value names ${entry.entryUUID}`)
    const problem = disagreementWithLog(entry, log)
    if (problem) problems.push(`entry ${entryUUID}: ${problem}`)
    log.newest.delete(entryUUID)
  }
  for (const [entryUUID, { number, type }] of log.newest) {
    if (type !== 'delete') problems.push(`entry ${entryUUID}: missing, but change ${number} (${type}) is its last`)
  }
  await compareDnTable(db, snapshot, dnOfEntry, problems)
  for await (const [key, value] of rowsOf(db, snapshot, recordsRange))
    readable(() => decodeRecord(value), rowName(key), problems)
  return problems
}

interface Log {
  readonly first: number
  /** By entryUUID. */
  readonly newest: Map<string, LastChange>
}

async function readLog(db: Database, snapshot: Snapshot, problems: string[]): Promise<Log> {
  const stored = await db.get(metaKey('lastChange'), { snapshot })
  const lastChange = stored ? readable(() => decodeRecord(stored), 'last change number', problems) : 0
  const newest = new Map<string, LastChange>()
  let first: number | undefined
  let previous: number | undefined
  for await (const [key, value] of rowsOf(db, snapshot, logRange)) {
    const number = changeNumberOfLogKey(key)
    first ??= number
    if (previous !== undefined && number !== previous + 1) problems.push(`change log: ${number} follows ${previous}`)
    previous = number
    const change = readable(() => decodeChange(value), `change ${number}`, problems)
    if (!change) continue
    if (change.number !== number) problems.push(`change ${number}: its value says ${change.number}`)
    newest.set(change.entryUUID, { number, type: change.type, dn: change.dn })
  }
  if (previous !== undefined && previous !== lastChange) {
    problems.push(`change log: ends at ${previous}, but the last change is ${JSON.stringify(lastChange)}`)
  }
  return { first: first ?? (typeof lastChange === 'number' ? lastChange + 1 : 1), newest }
}

function disagreementWithLog(entry: Entry, log: Log): string | undefined {
  const newest = log.newest.get(entry.entryUUID)
  if (newest === undefined) return log.first > 1 ? undefined : 'no change tells of it'
  if (newest.type === 'delete') return `stored, but change ${newest.number} deleted it`
  return newest.dn === entry.dn ? undefined : `has DN "${entry.dn}", but change ${newest.number} says "${newest.dn}"`
}

async function compareDnTable(
  db: Database,
  snapshot: Snapshot,
  dnOfEntry: Map<string, string>,
  problems: string[],
): Promise<void> {
  for await (const [key, value] of rowsOf(db, snapshot, dnRange)) {
    const text = key.toString('latin1')
    const expected = dnOfEntry.get(text)
    const found = value.length === 16 ? uuidFromOctets(value) : value.toString('hex')
    if (expected !== found) {
      problems.push(
        `DN table: ${printable(key)} leads to ${found}, ${expected ? `not ${expected}` : 'which has another DN or is gone'}`,
      )
    }
    dnOfEntry.delete(text)
  }
  for (const entryUUID of dnOfEntry.values()) problems.push(`DN table: nothing leads to entry ${entryUUID}`)
}

function printable(dnTableKey: Buffer): string {
  return JSON.stringify(dnTableKey.toString('utf8', 1).replaceAll('\0', ' / '))
}

function readable<T>(decode: () => T, what: string, problems: string[]): T | undefined {
  try {
    return decode()
  } catch (error) {
    problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

async function* rowsOf(db: Database, snapshot: Snapshot, range: KeyRange): AsyncGenerator<[Buffer, Buffer]> {
  yield* db.iterator({ ...range, snapshot, fillCache: false })
}
