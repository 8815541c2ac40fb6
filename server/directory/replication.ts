import { setImmediate as nextTurn } from 'node:timers/promises'
import type { OpenedNtHash } from './credentials/nt-hash.ts'
import type { RecordChange } from './directory-store.ts'
import { type EncodedChange, type EncodedEntry, type LayoutTable, layoutKey } from './encoded-entry.ts'

/*
 * The directory in another thread: a copy that answers while this one syncs. What goes over is encoded already, so that
 * the copy only takes it in.
 */

/** The shape of some entries of a batch: what {@link LayoutTable.layoutOf} takes. */
interface ShippedLayout {
  readonly descriptions: readonly string[]
  readonly classNames: readonly string[]
}

interface ShippedEntry {
  readonly entryUUID: string
  /** Place in `layouts`. */
  readonly layout: number
  readonly nameEnd: number
  readonly ends: readonly number[]
  /** Where its octets end; they begin where those of the entry before it end. */
  readonly octetsEnd: number
}

/** Some changed entries; a value that can be posted to a thread. */
export interface EntryBatch {
  readonly layouts: readonly ShippedLayout[]
  readonly entries: readonly ShippedEntry[]
  /** Octets of all entries, one after the other. */
  readonly octets: Uint8Array
  /** entryUUIDs that are gone. */
  readonly deleted: readonly string[]
}

/** What goes with the entries of one commit. */
export interface CommitRest {
  /** Of the collections that a bind asks for. */
  readonly accounts: readonly RecordChange[]
  readonly ntHashes: readonly OpenedNtHash[]
  readonly isFilled: boolean
}

/** Gets every state of the directory, the first one included. What it returns is awaited before a commit counts as done. */
export interface DirectoryFollower {
  /** Part of a state; not to be seen before `finish`. One is taken after the other. */
  take(batch: EntryBatch): Promise<void>
  finish(rest: CommitRest): Promise<void>
  /** What was taken since the last `finish` has not come about. */
  discard(): Promise<void>
}

const batchEntries = 100

/** Sends changes in batches. The next batch is made while followers take one in. */
export async function shipEntries(
  changes: Iterable<EncodedChange>,
  followers: readonly Pick<DirectoryFollower, 'take'>[],
): Promise<void> {
  let entries: EncodedEntry[] = []
  let deleted: string[] = []
  let taken: Promise<unknown> = Promise.resolve()
  const send = async () => {
    await taken
    // A batch each: its octets are handed over.
    taken = Promise.all(followers.map((follower) => follower.take(batchOf(entries, deleted))))
    taken.catch(() => undefined) // it is awaited when the next batch is ready
    entries = []
    deleted = []
    await nextTurn()
  }
  for (const [entryUUID, entry] of changes) {
    if (entry === undefined) deleted.push(entryUUID)
    else entries.push(entry)
    if (entries.length + deleted.length >= batchEntries) await send()
  }
  if (entries.length + deleted.length > 0) await send()
  await taken
}

function batchOf(encoded: readonly EncodedEntry[], deleted: readonly string[]): EntryBatch {
  const numbers = new Map<string, number>()
  const layouts: ShippedLayout[] = []
  let octetsEnd = 0
  const entries = encoded.map(({ entryUUID, layout, nameEnd, ends, octets }): ShippedEntry => {
    const key = layoutKey(layout)
    const number = numbers.get(key) ?? layouts.length
    if (number === layouts.length) {
      numbers.set(key, number)
      layouts.push({
        descriptions: layout.attributes.map(({ description }) => description),
        classNames: layout.classNames,
      })
    }
    octetsEnd += octets.length
    return { entryUUID, layout: number, nameEnd, ends: [...ends], octetsEnd }
  })
  // One buffer of its own: posting a part of a shared one would copy all of that.
  const octets = new Uint8Array(octetsEnd)
  let position = 0
  for (const entry of encoded) {
    octets.set(entry.octets, position)
    position += entry.octets.length
  }
  return { layouts, entries, octets, deleted }
}

/** The changes of a batch, for a view whose layouts are `table`. */
export function receivedChanges(
  { layouts, entries, octets, deleted }: EntryBatch,
  table: LayoutTable,
): readonly EncodedChange[] {
  const known = layouts.map(({ descriptions, classNames }) => table.layoutOf(descriptions, classNames))
  const all = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
  let start = 0
  const puts = entries.map(({ entryUUID, layout, nameEnd, ends, octetsEnd }): EncodedChange => {
    const own = all.subarray(start, octetsEnd)
    start = octetsEnd
    const shape = known[layout]
    if (shape === undefined) throw new Error(`entry ${entryUUID} came with a layout that is not in its batch`)
    return [entryUUID, { entryUUID, octets: own, nameEnd, ends: Uint32Array.from(ends), layout: shape }]
  })
  return [...puts, ...deleted.map((entryUUID) => [entryUUID, undefined] as const)]
}
