import { type AccountValues, noAccountValues } from './account-attributes.ts'
import { EncodedEntry } from './encoded-entry.ts'
import type { Layout } from './entry-layout.ts'
import { offsetOf, type Slab, slabNumberOf } from './memory/arena.ts'
import { SlotTable } from './memory/slot-table.ts'
import { ValueIndex } from './memory/value-index.ts'
import type { AttributeType, Schema } from './schema/schema.ts'

/** Attribute types with an equality index; every other one is matched by looking at entries. */
const indexedNames = [
  'objectClass',
  'uid',
  'cn',
  'mail',
  'uidNumber',
  'gidNumber',
  'member',
  'memberUid',
  'uniqueMember',
  'memberOf',
  'ou',
  'sAMAccountName',
  'userPrincipalName',
  'employeeNumber',
  'entryUUID',
  'rosterdSource',
  'sudoUser',
] as const

/** In an order of their own, by which threads name them. */
function indexedTypes(schema: Schema): readonly AttributeType[] {
  return indexedNames.map((name) => {
    const type = schema.attributeType(name)
    if (!type) throw new Error(`indexed attribute ${name} is not in the schema`)
    return type
  })
}

export interface ViewParts {
  readonly schema: Schema
  /** By number; it grows. */
  readonly layouts: readonly Layout[]
  readonly slabs: ReadonlyMap<number, Slab>
  readonly addresses: SlotTable
  /** Slots by DN key ({@link normalizeDn}): one at most. */
  readonly byKey: ValueIndex
  /** Slots by entryUUID: one at most. */
  readonly byUuid: ValueIndex
  /** Slots of the entries right below a DN key. */
  readonly children: ValueIndex
  readonly equality: ReadonlyMap<AttributeType, ValueIndex>
  /** What people are served with that is in no entry. */
  readonly accountValue: AccountValues
}

/**
 * One state of the directory in memory: entries by slot and the indexes over them. Nothing but `accountValue` changes once it
 * is made, so a search that runs over several turns keeps what it began with. An entry keeps its slot for as long as the process runs.
 */
export class DirectoryView {
  readonly parts: ViewParts
  readonly schema: Schema
  readonly accountValue: AccountValues
  readonly children: ValueIndex
  readonly equality: ReadonlyMap<AttributeType, ValueIndex>
  private readonly addresses: SlotTable

  constructor(parts: ViewParts) {
    this.parts = parts
    this.schema = parts.schema
    this.accountValue = parts.accountValue
    this.children = parts.children
    this.equality = parts.equality
    this.addresses = parts.addresses
  }

  static empty(schema: Schema, layouts: readonly Layout[], accountValue = noAccountValues): DirectoryView {
    return new DirectoryView({
      schema,
      layouts,
      slabs: new Map(),
      addresses: SlotTable.empty,
      byKey: ValueIndex.empty,
      byUuid: ValueIndex.empty,
      children: ValueIndex.empty,
      equality: new Map(indexedTypes(schema).map((type) => [type, ValueIndex.empty])),
      accountValue,
    })
  }

  /** All slots are below it; some of them may be free. */
  get slotCount(): number {
    return this.addresses.count
  }

  /** Number of entries. */
  get size(): number {
    return this.addresses.taken
  }

  has(slot: number): boolean {
    return this.addresses.get(slot) >= 0
  }

  /** undefined for a free slot. */
  entry(slot: number | undefined): EncodedEntry | undefined {
    const address = slot === undefined ? -1 : this.addresses.get(slot)
    if (address < 0) return undefined
    const slab = this.parts.slabs.get(slabNumberOf(address))
    if (slab === undefined) throw new Error(`the record in slot ${slot} has gone`)
    return new EncodedEntry(slab, offsetOf(address), this.parts.layouts)
  }

  /** The DN key of an entry; empty for a free slot. */
  keyOf(slot: number): string {
    return this.entry(slot)?.key ?? ''
  }

  slotOfKey(key: string): number | undefined {
    return this.parts.byKey.slotOf(key)
  }

  slotOfUuid(entryUUID: string): number | undefined {
    return this.parts.byUuid.slotOf(entryUUID)
  }

  *slots(): Generator<number> {
    for (let slot = 0; slot < this.slotCount; slot += 1) if (this.has(slot)) yield slot
  }
}
