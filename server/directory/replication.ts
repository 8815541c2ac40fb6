import { setImmediate as nextTurn } from 'node:timers/promises'
import type { OpenedNtHash } from './credentials/nt-hash.ts'
import type { RecordChange } from './directory-store.ts'
import type { EncodedChange, EncodedEntry, Layout, LayoutTable } from './encoded-entry.ts'

/*
 * The directory in another thread: a copy that answers while this one syncs. What goes over is encoded already, so that
 * the copy only takes it in.
 */

/** The shape of some entries of a batch: what {@link LayoutTable.layoutOf} takes. */
interface ShippedLayout {
  readonly descriptions: readonly string[]
  readonly classNames: readonly string[]
}

/** Some changed entries; a value that is handed over to a thread without copies. */
export interface EntryBatch {
  readonly layouts: readonly ShippedLayout[]
  /** entryUUIDs of the entries, {@link uuidLength} characters each, one after the other. */
  readonly entryUUIDs: string
  /** For each entry: its place in `layouts`, where its name ends, how many octets it has, and where each attribute ends. */
  readonly numbers: Uint32Array<ArrayBuffer>
  /** Octets of all entries, one after the other. */
  readonly octets: Uint8Array<ArrayBuffer>
  /** entryUUIDs that are gone. */
  readonly deleted: readonly string[]
}

const uuidLength = 36

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
  const places = new Map<Layout, number>()
  const layouts: ShippedLayout[] = []
  let octetCount = 0
  let numberCount = 0
  for (const { octets, ends } of encoded) {
    octetCount += octets.length
    numberCount += 3 + ends.length
  }
  // Buffers of their own: posting a part of a shared one would copy all of that.
  const octets = new Uint8Array(octetCount)
  const numbers = new Uint32Array(numberCount)
  let entryUUIDs = ''
  let octetAt = 0
  let numberAt = 0
  for (const entry of encoded) {
    const { layout } = entry
    let place = places.get(layout)
    if (place === undefined) {
      place = layouts.length
      places.set(layout, place)
      layouts.push({
        descriptions: layout.attributes.map(({ description }) => description),
        classNames: layout.classNames,
      })
    }
    entryUUIDs += entry.entryUUID
    numbers[numberAt] = place
    numbers[numberAt + 1] = entry.nameEnd
    numbers[numberAt + 2] = entry.octets.length
    numbers.set(entry.ends, numberAt + 3)
    numberAt += 3 + entry.ends.length
    octets.set(entry.octets, octetAt)
    octetAt += entry.octets.length
  }
  return { layouts, entryUUIDs, numbers, octets, deleted }
}

/** The changes of a batch, for a view whose layouts are `table`. */
export function receivedChanges(
  { layouts, entryUUIDs, numbers, octets, deleted }: EntryBatch,
  table: LayoutTable,
): readonly EncodedChange[] {
  const known = layouts.map(({ descriptions, classNames }) => table.layoutOf(descriptions, classNames))
  const all = Buffer.from(octets.buffer)
  const changes: EncodedChange[] = []
  let octetAt = 0
  let numberAt = 0
  for (let at = 0; at < entryUUIDs.length; at += uuidLength) {
    const entryUUID = entryUUIDs.slice(at, at + uuidLength)
    const [place = 0, nameEnd = 0, length = 0] = numbers.subarray(numberAt, numberAt + 3)
    const layout = known[place]
    if (layout === undefined) throw new Error(`entry ${entryUUID} came with a layout that is not in its batch`)
    const endsAt = numberAt + 3
    numberAt = endsAt + layout.attributes.length
    const own = all.subarray(octetAt, octetAt + length)
    octetAt += length
    changes.push([entryUUID, { entryUUID, octets: own, nameEnd, ends: numbers.subarray(endsAt, numberAt), layout }])
  }
  for (const entryUUID of deleted) changes.push([entryUUID, undefined])
  return changes
}
