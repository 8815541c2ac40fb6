import { randomUUID } from 'node:crypto'
import { accountCollections } from './credentials/credential-table.ts'
import { changedNtHashes, storedNtHashes } from './credentials/nt-hash.ts'
import type {
  Collection,
  CommitResult,
  DirectoryStore,
  EntryChange,
  Generation,
  RecordChange,
} from './directory-store.ts'
import type { DirectoryView } from './directory-view.ts'
import { imageMark, imageMarkOf } from './image-mark.ts'
import { decodeEntry, type EncodedEntry, encodedValues } from './encoded-entry.ts'
import type { Entry } from './entry.ts'
import { filledMark, isFilledMark, isSet } from './filled-mark.ts'
import { imageOf, type ViewImage, writerOf } from './memory/view-image.ts'
import type { ViewUpdate } from './memory/view-update.ts'
import { type ViewDraft, ViewWriter } from './memory/view-writer.ts'
import type { DirectoryFollower } from './replication.ts'
import { Schema } from './schema/schema.ts'
import { letGoOfShared } from '../runtime/give-back-memory.ts'
import type { SealedRecords } from './sealed-records.ts'
import { normalizeDn } from '../protocol/distinguished-name.ts'

/**
 * The directory while it runs: the store, and its entries in memory. Every change goes through `commit`, which is durable,
 * and visible to everybody who follows, when it resolves; commits follow each other in call order.
 */
export interface Directory {
  readonly store: DirectoryStore
  /** RFC 4514 text, as configured. */
  readonly suffix: string
  /** Every provider has been read at least once. */
  readonly isFilled: boolean
  /** Number of entries. */
  readonly size: number
  /** Grows with every commit that writes into the collection; begins anew with the process. */
  revisionOf(collection: Collection): number
  commit(generation: Generation): Promise<CommitResult>
  /**
   * Reads and commits with no other commit in between: what `decide` reads is what its generation is written onto. Others
   * wait meanwhile. undefined commits nothing.
   */
  commitFrom(decide: () => Promise<Generation | undefined>): Promise<CommitResult | undefined>
  /** How many changes a start would have to read beside the last image. */
  readonly changesSinceImage: number
  /**
   * Keeps an image of this state for the next start, in place of the last one. Throws what {@link ViewImages} throws, and where what is in
   * memory is not what the store has.
   */
  keepImage(signal?: AbortSignal): Promise<void>
  /** Gives a copy elsewhere this state and every later one; resolves when it has this one. */
  follow(follower: DirectoryFollower): Promise<void>
  /** Tries to make a store that takes no changes take them again, as every commit does. Throws while it does not. */
  recover(): Promise<void>
  entryByUuid(entryUUID: string): Entry | undefined
  /** Throws DnSyntaxError. */
  entryByDn(dn: string): Entry | undefined
  entries(): Generator<Entry>
  /** Every entry between two commits, with the number of the change that made this state. */
  snapshot(): Promise<{ readonly lastChange: number; readonly entries: readonly StateEntry[] }>
  /** The state as it is now; it stays as it is while others follow. */
  readonly view: DirectoryView
  /** Entries that have the value, spelt like this, among those of the attribute. Looks at every entry. */
  entriesWith(attribute: string, value: string): Generator<Entry>
}

/** An entry of one state of the directory; it is put together when it is read. */
export interface StateEntry {
  readonly entryUUID: string
  /** {@link normalizeDn} of its name: parents sort before what is below them. */
  readonly key: string
  read(): Entry
}

/** Images of the directory as it is in memory, so that a start need not make it of every entry. The last one is kept. */
export interface ViewImages {
  /** undefined: there is none of the name that this code can read. */
  read(name: string): Promise<ViewImage | undefined>
  /** Throws when there is no room, and when the signal is aborted. */
  write(name: string, image: ViewImage, signal?: AbortSignal): Promise<void>
  /** Hears why one that was read is not used. */
  readonly refused: (error: unknown) => void
}

/** Brings the entries of the store into memory. The store stays open and belongs to the caller. */
export async function openDirectory(
  store: DirectoryStore,
  suffix: string,
  {
    sealed = noSecrets,
    images = noImages,
  }: { readonly sealed?: Pick<SealedRecords, 'read'>; readonly images?: ViewImages } = {},
): Promise<Directory> {
  const mark = imageMarkOf(await store.get(imageMark.collection, imageMark.key))
  const image = mark && (await images.read(mark.name))
  const imaged = image && (await writerOfImage(image, store, mark.lastChange).catch(images.refused))
  const writer = imaged ?? (await writerOfAll(store))
  let imagedChange = imaged === undefined ? 0 : (mark?.lastChange ?? 0)
  let isFilled = isSet(await store.get(filledMark.collection, filledMark.key))
  /** The store has something that could not be brought into memory. */
  let isBehind = false
  let last: Promise<unknown> = Promise.resolve()
  const revisions = new Map<Collection, number>()
  const followers: DirectoryFollower[] = []

  async function apply(generation: Generation): Promise<CommitResult> {
    await recover()
    return await write(generation, () => store.commit(generation))
  }

  async function recover(): Promise<void> {
    const finished = await store.recover()
    if (finished) await write(finished, () => Promise.resolve())
  }

  async function write<T>(generation: Generation, keep: () => Promise<T>): Promise<T> {
    const draft = writer.begin()
    const [stored, drafted] = await Promise.allSettled([keep(), putAll(draft, generation.entries)])
    if (stored.status === 'rejected') {
      draft.discard()
      throw stored.reason
    }
    const update = await show(draft, drafted, generation).catch((error: unknown) => {
      isBehind = true
      throw error
    })
    for (const collection of new Set(generation.records.map((record) => record.collection)))
      revisions.set(collection, (revisions.get(collection) ?? 0) + 1)
    const accounts = generation.records.filter(({ collection }) => accountCollections.has(collection))
    if (generation.records.some(isFilledMark)) isFilled = true
    const ntHashes = await changedNtHashes(generation.records, sealed)
    for (const follower of followers) await follower.take({ view: update, accounts, ntHashes, isFilled })
    letGoOfShared(update?.dropped ?? 0)
    return stored.value
  }

  async function show(
    draft: ViewDraft,
    drafted: PromiseSettledResult<void>,
    { entries }: Generation,
  ): Promise<ViewUpdate | undefined> {
    if (drafted.status === 'rejected') {
      draft.discard()
      throw drafted.reason
    }
    if (entries.length === 0) return undefined
    const next = await draft.finish()
    writer.show(next)
    return next.update
  }

  async function begin(follower: DirectoryFollower): Promise<void> {
    let taken: Promise<void> = Promise.resolve()
    for await (const accounts of accountRecords(store)) {
      await taken
      taken = follower.take({ view: undefined, accounts, ntHashes: [], isFilled: false })
      taken.catch(() => undefined) // told when it is awaited
    }
    await taken
    await follower.take({
      view: writer.whole(),
      accounts: [],
      ntHashes: await storedNtHashes(store, sealed),
      isFilled,
    })
    followers.push(follower)
  }

  async function keepImage(signal?: AbortSignal): Promise<void> {
    const [image, lastChange] = await inLine(() => Promise.resolve([imageOf(writer), store.lastChange] as const))
    if (isBehind) throw new Error('a change is in the store and not in memory; start the server again, which reads it')
    const name = randomUUID()
    await images.write(name, image, signal)
    const records = [{ ...imageMark, value: { name, lastChange } }]
    await inLine(() => apply({ cause: { kind: 'server', id: 'image' }, entries: [], records }))
    imagedChange = lastChange
  }

  function inLine<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }

  const decoded = (encoded: EncodedEntry | undefined) => encoded && decodeEntry(encoded)

  return {
    store,
    suffix,
    get isFilled() {
      return isFilled
    },
    get size() {
      return writer.view.size
    },
    revisionOf: (collection) => revisions.get(collection) ?? 0,
    commit: (generation) => inLine(() => apply(generation)),
    commitFrom: (decide) =>
      inLine(async () => {
        await recover()
        const generation = await decide()
        return generation && (await apply(generation))
      }),
    get changesSinceImage() {
      return store.lastChange - imagedChange
    },
    keepImage,
    follow: (follower) => inLine(() => begin(follower)),
    recover: () => inLine(recover),
    snapshot: () => inLine(async () => ({ lastChange: store.lastChange, entries: statesOf(writer.view) })),
    get view() {
      return writer.view
    },
    entryByUuid: (entryUUID) => decoded(writer.view.entry(writer.view.slotOfUuid(entryUUID))),
    entryByDn: (dn) => decoded(writer.view.entry(writer.view.slotOfKey(normalizeDn(dn)))),
    entries: () => entriesOf(writer.view),
    entriesWith: (attribute, value) => entriesWith(writer.view, attribute, value),
  }
}

async function writerOfAll(store: DirectoryStore): Promise<ViewWriter> {
  const writer = new ViewWriter(new Schema())
  const draft = writer.begin()
  for await (const entry of store.entries()) draft.put(entry)
  writer.show(await draft.finish())
  return writer
}

/** Where more than this share of the entries has changed since, all of them are read instead. */
const mostChanged = 1 / 4

/** With what has changed after `lastChange`; undefined when that is much, or not known any more. */
async function writerOfImage(
  image: ViewImage,
  store: DirectoryStore,
  lastChange: number,
): Promise<ViewWriter | undefined> {
  const writer = writerOf(image, new Schema())
  const changed = new Set<string>()
  let last = lastChange
  for await (const { number, entryUUID } of store.changes(lastChange)) {
    changed.add(entryUUID)
    if (number !== last + 1 || changed.size > writer.view.size * mostChanged) return undefined
    last = number
  }
  if (last !== store.lastChange) return undefined
  if (changed.size === 0) return writer
  const draft = writer.begin()
  for (const entryUUID of changed) {
    const entry = await store.readEntry(entryUUID)
    if (entry) draft.put(entry)
    else draft.delete(entryUUID)
  }
  writer.show(await draft.finish())
  return writer
}

async function putAll(draft: ViewDraft, changes: readonly EntryChange[]): Promise<void> {
  for (const change of changes) {
    if (change.type === 'put') draft.put(change.entry)
    else draft.delete(change.entryUUID)
    if (draft.isTimeUp) await draft.pause()
  }
}

function statesOf(view: DirectoryView): StateEntry[] {
  return Array.from(view.slots(), (slot) => view.entry(slot))
    .filter((entry) => entry !== undefined)
    .map((entry) => ({ entryUUID: entry.entryUUID, key: entry.key, read: () => decodeEntry(entry) }))
}

function* entriesOf(view: DirectoryView): Generator<Entry> {
  for (const slot of view.slots()) {
    const entry = view.entry(slot)
    if (entry) yield decodeEntry(entry)
  }
}

function* entriesWith(view: DirectoryView, attribute: string, value: string): Generator<Entry> {
  const octets = Buffer.from(value)
  for (const slot of view.slots()) {
    const encoded = view.entry(slot)
    const place = encoded?.layout.attributes.findIndex(({ description }) => description === attribute) ?? -1
    if (encoded === undefined || place < 0) continue
    for (const one of encodedValues(encoded, place))
      if (one.equals(octets)) {
        yield decodeEntry(encoded)
        break
      }
  }
}

const noImages: ViewImages = {
  read: () => Promise.resolve(undefined),
  write: () => Promise.resolve(),
  refused: () => undefined,
}
const noSecrets = { read: () => Promise.resolve(undefined) }

/** A follower takes in so many while the next are read. */
const recordsAtOnce = 5000

async function* accountRecords(store: DirectoryStore): AsyncGenerator<readonly RecordChange[]> {
  let records: RecordChange[] = []
  for (const collection of accountCollections)
    for await (const { key, value } of store.list(collection)) {
      records.push({ collection, key, value })
      if (records.length < recordsAtOnce) continue
      yield records
      records = []
    }
  yield records
}
