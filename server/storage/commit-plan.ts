import type { Change, Generation } from '../directory/directory-store.ts'
import { encodeChange } from './change-codec.ts'
import { differenceOf } from './change-log.ts'
import type { Database, WriteOperation } from './database.ts'
import { decodeEntry, encodeEntry } from './entry-codec.ts'
import { dnKey, entryKey, logKey, metaKey, uuidFromOctets, uuidOctets } from './keys.ts'
import { netEntryEffect, netRecordEffect } from './net-effect.ts'
import { encodeRecord } from './record-codec.ts'
import { StoreError } from './store-error.ts'
import { storedForm } from './stored-form.ts'

/** Rows read at once; between two reads the event loop serves others. */
const sliceRows = 500

/**
 * Yields, some rows at a time, the writes that bring the database from its present state to the one after `generation`:
 * none for what is stored already. Returns the number of the last change. Reads only. Throws {@link StoreError}
 * `duplicateDn` or `invalidKey`, or `DnSyntaxError`, possibly after having yielded.
 */
export async function* planCommit(
  db: Database,
  generation: Generation,
  time: string,
  lastChange: number,
): AsyncGenerator<WriteOperation[], number> {
  const dns = new DnClaims()
  let number = lastChange
  for (const slice of slicesOf([...netEntryEffect(generation.entries)])) {
    const operations: WriteOperation[] = []
    const keys = slice.map(([entryUUID]) => entryKey(entryUUID))
    const stored = await db.getMany(keys)
    for (const [index, [, wanted]] of slice.entries()) {
      const key = keys[index]
      const old = stored[index]
      const after = wanted && storedForm(wanted)
      const value = after && encodeEntry(after)
      if (key === undefined || (value && old?.equals(value))) continue
      const before = old && decodeEntry(old)
      const difference = differenceOf(before, after)
      if (difference === undefined) continue
      const change: Change = { number: ++number, time, cause: generation.cause, ...difference }
      operations.push(value ? { type: 'put', key, value } : { type: 'del', key })
      operations.push({ type: 'put', key: logKey(number), value: encodeChange(change) })
      if (before?.dn !== after?.dn) {
        if (before) dns.release(before.dn)
        if (after) dns.claim(after.dn, after.entryUUID)
      }
    }
    yield operations
  }
  yield* dns.operations(db)
  yield* recordOperations(db, generation)
  if (number > lastChange) yield [{ type: 'put', key: metaKey('lastChange'), value: encodeRecord(number) }]
  return number
}

async function* recordOperations(db: Database, generation: Generation): AsyncGenerator<WriteOperation[]> {
  for (const slice of slicesOf([...netRecordEffect(generation.records)])) {
    const operations: WriteOperation[] = []
    const keys = slice.map(([key]) => Buffer.from(key, 'latin1'))
    const stored = await db.getMany(keys)
    for (const [index, [, { value: json }]] of slice.entries()) {
      const key = keys[index]
      const old = stored[index]
      if (key === undefined) continue
      if (json === undefined) {
        if (old) operations.push({ type: 'del', key })
        continue
      }
      const value = encodeRecord(json)
      if (!old?.equals(value)) operations.push({ type: 'put', key, value })
    }
    yield operations
  }
}

/** Normalized DNs that a generation gives up and takes; a swap does both for each. */
class DnClaims {
  readonly #released = new Map<string, Buffer>()
  readonly #claimed = new Map<string, { key: Buffer; dn: string; entryUUID: string }>()

  release(dn: string): void {
    const key = dnKey(dn)
    this.#released.set(key.toString('latin1'), key)
  }

  claim(dn: string, entryUUID: string): void {
    const key = dnKey(dn)
    const text = key.toString('latin1')
    const other = this.#claimed.get(text)
    if (other) throw duplicateDn(dn, other.entryUUID, entryUUID)
    this.#claimed.set(text, { key, dn, entryUUID })
  }

  /** Throws {@link StoreError} `duplicateDn` when an entry that keeps its DN holds a claimed one. */
  async *operations(db: Database): AsyncGenerator<WriteOperation[]> {
    const given = [...this.#released].filter(([text]) => !this.#claimed.has(text))
    yield given.map(([, key]) => ({ type: 'del', key }))
    for (const slice of slicesOf([...this.#claimed])) {
      const operations: WriteOperation[] = []
      const owners = await db.getMany(slice.map(([, claim]) => claim.key))
      for (const [index, [text, { key, dn, entryUUID }]] of slice.entries()) {
        const owner = owners[index]
        if (owner && !this.#released.has(text)) throw duplicateDn(dn, uuidFromOctets(owner), entryUUID)
        operations.push({ type: 'put', key, value: uuidOctets(entryUUID) })
      }
      yield operations
    }
  }
}

export function duplicateDn(dn: string, owner: string, entryUUID: string): StoreError {
  return new StoreError(
    'duplicateDn',
    `The DN "${dn}" belongs to entry ${owner}; entry ${entryUUID} cannot have it too. Nothing was written.`,
  )
}

function* slicesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += sliceRows) yield rows.slice(start, start + sliceRows)
}
