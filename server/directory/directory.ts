import { normalizeDn } from '../protocol/distinguished-name.ts'
import { accountCollections, CredentialTable } from './credentials/credential-table.ts'
import type {
  Collection,
  CommitResult,
  DirectoryStore,
  EntryChange,
  Generation,
  RecordChange,
} from './directory-store.ts'
import { createViewBuilder } from './directory-view.ts'
import { decodeEntry } from './encoded-entry.ts'
import type { Entry } from './entry.ts'
import { filledMark, isFilledMark, isSet } from './filled-mark.ts'
import { type DirectoryFollower, shipEntries } from './replication.ts'
import { Schema } from './schema/schema.ts'
import type { ServedDirectory } from './served-directory.ts'

/**
 * The directory while it runs: the store, and in memory the current view and the passwords. Every change goes through
 * `commit`, which is durable and visible when it resolves; commits follow each other in call order.
 */
export interface Directory extends ServedDirectory {
  readonly store: DirectoryStore
  /** Grows with every commit that writes into the collection; begins anew with the process. */
  revisionOf(collection: Collection): number
  commit(generation: Generation): Promise<CommitResult>
  /** Gives a copy elsewhere this state and every later one; resolves when it has this one. */
  follow(follower: DirectoryFollower): Promise<void>
  entryByUuid(entryUUID: string): Entry | undefined
  /** Throws DnSyntaxError. */
  entryByDn(dn: string): Entry | undefined
  entries(): Generator<Entry>
}

/** Reads the whole store into memory. The store stays open and belongs to the caller. */
export async function openDirectory(store: DirectoryStore, suffix: string): Promise<Directory> {
  const schema = new Schema()
  const builder = createViewBuilder(schema)
  const credentials = new CredentialTable()
  for await (const record of accountRecords(store)) credentials.apply(record)
  let isFilled = isSet(await store.get(filledMark.collection, filledMark.key))
  let view = await builder.advance(builder.empty, storedEntries(store))
  let last: Promise<unknown> = Promise.resolve()
  const revisions = new Map<Collection, number>()

  const followers: DirectoryFollower[] = []

  async function apply(generation: Generation): Promise<CommitResult> {
    const result = await store.commit(generation)
    if (generation.entries.length > 0) view = await builder.advance(view, generation.entries)
    for (const collection of new Set(generation.records.map((record) => record.collection)))
      revisions.set(collection, (revisions.get(collection) ?? 0) + 1)
    const accounts = generation.records.filter(({ collection }) => accountCollections.has(collection))
    for (const record of accounts) credentials.apply(record)
    if (generation.records.some(isFilledMark)) isFilled = true
    for (const follower of followers) {
      await shipEntries(view, generation.entries.map(entryUuidOf), follower)
      await follower.finish({ accounts, isFilled })
    }
    return result
  }

  async function begin(follower: DirectoryFollower): Promise<void> {
    const accounts: RecordChange[] = []
    for await (const record of accountRecords(store)) accounts.push(record)
    await shipEntries(view, view.slotByUuid.keys(), follower)
    await follower.finish({ accounts, isFilled })
    followers.push(follower)
  }

  function inLine<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work)
    last = result.catch(() => undefined)
    return result
  }

  const entryAt = (slot: number | undefined) => {
    const encoded = slot === undefined ? undefined : view.entries[slot]
    return encoded && decodeEntry(encoded)
  }

  return {
    store,
    schema,
    suffix,
    credentials,
    get view() {
      return view
    },
    get isFilled() {
      return isFilled
    },
    revisionOf: (collection) => revisions.get(collection) ?? 0,
    commit: (generation) => inLine(() => apply(generation)),
    follow: (follower) => inLine(() => begin(follower)),
    entryByUuid: (entryUUID) => entryAt(view.slotByUuid.get(entryUUID)),
    entryByDn: (dn) => entryAt(view.slotByKey.get(normalizeDn(dn))),
    *entries() {
      for (const encoded of view.entries) if (encoded) yield decodeEntry(encoded)
    },
  }
}

function entryUuidOf(change: EntryChange): string {
  return change.type === 'put' ? change.entry.entryUUID : change.entryUUID
}

async function* accountRecords(store: DirectoryStore): AsyncGenerator<RecordChange> {
  for (const collection of accountCollections)
    for await (const { key, value } of store.list(collection)) yield { collection, key, value }
}

async function* storedEntries(store: DirectoryStore) {
  for await (const entry of store.entries()) yield { type: 'put', entry } as const
}
