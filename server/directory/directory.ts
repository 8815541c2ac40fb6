import { normalizeDn } from '../protocol/distinguished-name.ts'
import { CredentialTable } from './credentials.ts'
import type { Collection, CommitResult, DirectoryStore, Generation } from './directory-store.ts'
import { createViewBuilder, type DirectoryView } from './directory-view.ts'
import { decodeEntry } from './encoded-entry.ts'
import type { Entry } from './entry.ts'
import { filledMark, isFilledMark, isSet } from './filled-mark.ts'
import { Schema } from './schema/schema.ts'

/**
 * The directory while it runs: the store, and in memory the current view and the passwords. Every change goes through
 * `commit`, which is durable and visible when it resolves; commits follow each other in call order.
 */
export interface Directory {
  readonly store: DirectoryStore
  readonly schema: Schema
  /** RFC 4514 text, as configured. */
  readonly suffix: string
  readonly view: DirectoryView
  /** Every provider has been read at least once ({@link filledMark}). */
  readonly isFilled: boolean
  readonly credentials: CredentialTable
  /** Grows with every commit that writes into the collection; begins anew with the process. */
  revisionOf(collection: Collection): number
  commit(generation: Generation): Promise<CommitResult>
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
  for await (const { key, value } of store.list('credential')) credentials.apply(key, value)
  let isFilled = isSet(await store.get(filledMark.collection, filledMark.key))
  let view = await builder.advance(builder.empty, storedEntries(store))
  let last: Promise<unknown> = Promise.resolve()
  const revisions = new Map<Collection, number>()

  async function apply(generation: Generation): Promise<CommitResult> {
    const result = await store.commit(generation)
    if (generation.entries.length > 0) view = await builder.advance(view, generation.entries)
    for (const collection of new Set(generation.records.map((record) => record.collection)))
      revisions.set(collection, (revisions.get(collection) ?? 0) + 1)
    for (const record of generation.records) {
      if (record.collection === 'credential') credentials.apply(record.key, record.value)
      if (isFilledMark(record)) isFilled = true
    }
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
    commit(generation) {
      const result = last.then(() => apply(generation))
      last = result.catch(() => undefined)
      return result
    },
    entryByUuid: (entryUUID) => entryAt(view.slotByUuid.get(entryUUID)),
    entryByDn: (dn) => entryAt(view.slotByKey.get(normalizeDn(dn))),
    *entries() {
      for (const encoded of view.entries) if (encoded) yield decodeEntry(encoded)
    },
  }
}

async function* storedEntries(store: DirectoryStore) {
  for await (const entry of store.entries()) yield { type: 'put', entry } as const
}
