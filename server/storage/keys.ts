import type { Collection } from '../directory/directory-store.ts'
import { normalizeDn } from '../protocol/distinguished-name.ts'
import { StoreError } from './store-error.ts'

/**
 * Every key of the store. Nothing outside this file builds or takes apart a key.
 *
 * byte  table    rest of the key                                                value
 * 0x01  meta     name (UTF-8): storeVersion, lastChange                         record v1
 * 0x02  entry    entryUUID (16 bytes)                                           entry v1
 * 0x03  dn       normalizeDn(dn) (UTF-8): RDNs root first, each ended by 0x00   entryUUID (16 bytes)
 * 0x04  log      change number (8 bytes, big endian)                            change v1
 * 0x05  record   collection (1 byte), elements (UTF-8), each ended by 0x00      record v1
 * 0x06  pending  chunk number (4 bytes, big endian)                             chunk v1 (generations.ts)
 * 0x07  mark     nothing: at most one generation is committed but unfinished    record v1
 *
 * Numbers are never given a second meaning; a retired one stays in this list.
 */
const table = { meta: 0x01, entry: 0x02, dn: 0x03, log: 0x04, record: 0x05, pending: 0x06, mark: 0x07 } as const

/** Second byte of a record key; stored, so never renumbered. */
const collectionBytes: Readonly<Record<Collection, number>> = {
  mirror: 1,
  cursor: 2,
  identity: 3,
  name: 4,
  number: 5,
  credential: 6,
  decision: 7,
  held: 8,
  run: 9,
  meta: 10,
  provider: 11,
  sealed: 12,
  link: 13,
  enrollment: 14,
  outbox: 15,
  match: 16,
  account: 17,
  binder: 18,
  throttle: 19,
  activity: 20,
  session: 21,
  audit: 22,
  admin: 23,
  'inactive-name': 24,
  operation: 25,
  'api-token': 26,
  'oidc-admin': 27,
}

const collectionsByByte = new Map(
  Object.entries(collectionBytes).map(([collection, byte]) => [byte, collection as Collection]), // its keys are these
)

/** Keys from `gte` to before `lt`. */
export interface KeyRange {
  readonly gte: Buffer
  readonly lt: Buffer
}

const wholeTable = (byte: number): KeyRange => ({ gte: Buffer.of(byte), lt: Buffer.of(byte + 1) })

export const metaRange = wholeTable(table.meta)
export const entryRange = wholeTable(table.entry)
export const dnRange = wholeTable(table.dn)
export const logRange = wholeTable(table.log)
export const recordsRange = wholeTable(table.record)
export const pendingRange = wholeTable(table.pending)
export const markKey = Buffer.of(table.mark)
export const everythingRange: KeyRange = { gte: Buffer.of(0), lt: Buffer.of(0xff) }

/** Behind every table. */
export const unknownRange: KeyRange = { gte: Buffer.of(table.mark + 1), lt: Buffer.of(0xff) }

/** Chunks and mark: {@link writeGeneration} of generations.ts. */
export function isOfPendingGeneration(key: Buffer): boolean {
  return key[0] === table.pending || key[0] === table.mark
}

export function metaKey(name: 'storeVersion' | 'lastChange'): Buffer {
  return Buffer.from(`${String.fromCharCode(table.meta)}${name}`, 'utf8')
}

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The 16 bytes of an entryUUID. Throws {@link StoreError} `invalidKey` unless it is in canonical lower-case form. */
export function uuidOctets(entryUUID: string): Buffer {
  if (!canonicalUuid.test(entryUUID)) {
    throw new StoreError('invalidKey', `"${entryUUID}" is not an entryUUID in canonical lower-case form.`)
  }
  return Buffer.from(entryUUID.replaceAll('-', ''), 'hex')
}

/** Inverse of {@link uuidOctets}. */
export function uuidFromOctets(octets: Buffer): string {
  const hex = octets.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export function entryKey(entryUUID: string): Buffer {
  return Buffer.concat([entryRange.gte, uuidOctets(entryUUID)])
}

export function entryUUIDOfEntryKey(key: Buffer): string {
  return uuidFromOctets(key.subarray(1))
}

/** Throws what `normalizeDn` throws when the text is not a DN. */
export function dnKey(dn: string): Buffer {
  return Buffer.from(`${String.fromCharCode(table.dn)}${normalizeDn(dn)}`, 'utf8')
}

export function logKey(changeNumber: number): Buffer {
  const key = Buffer.alloc(9, table.log)
  key.writeBigUInt64BE(BigInt(changeNumber), 1)
  return key
}

export function changeNumberOfLogKey(key: Buffer): number {
  return Number(key.readBigUInt64BE(1))
}

/** Log keys with numbers above `after`, up to and including `last`. */
export function logRangeBetween(after: number, last: number): KeyRange {
  return { gte: logKey(after + 1), lt: logKey(Math.max(after, last) + 1) }
}

/** Throws {@link StoreError} `invalidKey` for an empty tuple, an element with NUL or with half a surrogate pair. */
export function recordKey(collection: Collection, elements: readonly string[]): Buffer {
  if (elements.length === 0) throw new StoreError('invalidKey', `A key of "${collection}" has no elements.`)
  return recordKeyBeginning(collection, elements)
}

/** Record keys that begin with `prefix`, whole elements only; an empty prefix is the whole collection. */
export function recordRange(collection: Collection, prefix: readonly string[]): KeyRange {
  const gte = recordKeyBeginning(collection, prefix)
  const lt = Buffer.from(gte)
  // The last byte is the NUL that ends an element or the collection's number: one more is the end of the range.
  lt.writeUInt8(lt.readUInt8(lt.length - 1) + 1, lt.length - 1)
  return { gte, lt }
}

export function elementsOfRecordKey(key: Buffer): string[] {
  return key.toString('utf8', 2, key.length - 1).split('\0')
}

function recordKeyBeginning(collection: Collection, elements: readonly string[]): Buffer {
  let text = String.fromCharCode(table.record, collectionBytes[collection])
  for (const element of elements) {
    if (element.includes('\0') || !element.isWellFormed()) {
      throw new StoreError('invalidKey', `A key element of "${collection}" holds NUL or half a surrogate pair.`)
    }
    text += `${element}\0`
  }
  return Buffer.from(text, 'utf8')
}

/** A row, for an operator to read. */
export function rowName(key: Buffer): string {
  switch (key[0]) {
    case table.meta:
      return `${key.toString('utf8', 1)} of the store`
    case table.entry:
      return key.length === 17 ? `entry ${entryUUIDOfEntryKey(key)}` : 'an entry without its entryUUID'
    case table.dn:
      return `DN ${JSON.stringify(key.toString('utf8', 1).split('\0').toReversed().filter(Boolean).join(','))}`
    case table.log:
      return key.length === 9 ? `change ${changeNumberOfLogKey(key)}` : 'a change without its number'
    case table.record:
      return `record ${[collectionOfRecordKey(key) ?? 'of an unknown kind', ...elementsOfRecordKey(key)].join(' / ')}`
    default:
      return 'a row of a generation that was being written'
  }
}

/** undefined: of none that is known. */
export function collectionOfRecordKey(key: Buffer): Collection | undefined {
  return collectionsByByte.get(key[1] ?? 0)
}

export function pendingKey(chunkNumber: number): Buffer {
  const key = Buffer.alloc(5, table.pending)
  key.writeUInt32BE(chunkNumber, 1)
  return key
}
