import { accountCollections } from './credentials/credential-table.ts'
import { changedNtHashes, storedNtHashes } from './credentials/nt-hash.ts'
import type { Collection, CommitResult, DirectoryStore, Generation, RecordChange } from './directory-store.ts'
import { decodeEntry, type EncodedEntry } from './encoded-entry.ts'
import type { Entry } from './entry.ts'
import { EntryTable, type StateEntry } from './entry-table.ts'
import { filledMark, isFilledMark, isSet } from './filled-mark.ts'
import { type DirectoryFollower, shipEntries } from './replication.ts'
import type { SealedRecords } from './sealed-records.ts'

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
  /** Entries that have the value, spelt like this, among those of the attribute. Looks at every entry. */
  entriesWith(attribute: string, value: string): Generator<Entry>
}

/** Reads the entries of the store into memory. The store stays open and belongs to the caller. */
export async function openDirectory(
  store: DirectoryStore,
  suffix: string,
  { sealed = noSecrets }: { readonly sealed?: Pick<SealedRecords, 'read'> } = {},
): Promise<Directory> {
  const table = new EntryTable()
  await table.load(store.entries())
  let isFilled = isSet(await store.get(filledMark.collection, filledMark.key))
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
    const staged = table.stage(generation.entries)
    const [stored, shipped] = await Promise.allSettled([keep(), shipEntries(staged.changes, followers)])
    if (stored.status === 'rejected' || shipped.status === 'rejected') {
      for (const follower of followers) await follower.discard()
      throw stored.status === 'rejected' ? stored.reason : shipped.status === 'rejected' ? shipped.reason : undefined
    }
    staged.publish()
    for (const collection of new Set(generation.records.map((record) => record.collection)))
      revisions.set(collection, (revisions.get(collection) ?? 0) + 1)
    const accounts = generation.records.filter(({ collection }) => accountCollections.has(collection))
    if (generation.records.some(isFilledMark)) isFilled = true
    const ntHashes = await changedNtHashes(generation.records, sealed)
    for (const follower of followers) await follower.finish({ accounts, ntHashes, isFilled })
    return stored.value
  }

  async function begin(follower: DirectoryFollower): Promise<void> {
    const accounts: RecordChange[] = []
    for await (const record of accountRecords(store)) accounts.push(record)
    await shipEntries(table.all(), [follower])
    await follower.finish({ accounts, ntHashes: await storedNtHashes(store, sealed), isFilled })
    followers.push(follower)
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
      return table.size
    },
    revisionOf: (collection) => revisions.get(collection) ?? 0,
    commit: (generation) => inLine(() => apply(generation)),
    commitFrom: (decide) =>
      inLine(async () => {
        await recover()
        const generation = await decide()
        return generation && (await apply(generation))
      }),
    follow: (follower) => inLine(() => begin(follower)),
    recover: () => inLine(recover),
    entryByUuid: (entryUUID) => decoded(table.encoded(entryUUID)),
    entryByDn: (dn) => decoded(table.byDn(dn)),
    entries: () => table.entries(),
    snapshot: () => inLine(async () => ({ lastChange: store.lastChange, entries: table.states() })),
    entriesWith: (attribute, value) => table.entriesWith(attribute, value),
  }
}

const noSecrets = { read: () => Promise.resolve(undefined) }

async function* accountRecords(store: DirectoryStore): AsyncGenerator<RecordChange> {
  for (const collection of accountCollections)
    for await (const { key, value } of store.list(collection)) yield { collection, key, value }
}
