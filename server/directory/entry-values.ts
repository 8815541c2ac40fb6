import type { DirectoryView } from './directory-view.ts'
import { type EncodedEntry, encodedValues, nameOctets } from './encoded-entry.ts'
import { slotsOf } from './memory/value-index.ts'
import type { AttributeDescription, AttributeType } from './schema/schema.ts'

/** Who asks: what may not be read is in no memberOf and is nobody's subordinate, and some values may not be seen. */
export interface Reader {
  canRead(slot: number): boolean
  readonly values?: ((type: AttributeType, octets: Buffer) => boolean) | undefined
}

const everybody: Reader = { canRead: () => true, values: undefined }

const computedNames = ['memberOf', 'hasSubordinates', 'uniqueMember', 'pwdChangedTime', 'sambaNTPassword']

/** The types that the entry may have values of: those it stores and those computed from the whole view. */
export function attributeTypes(view: DirectoryView, slot: number): ReadonlySet<AttributeType> {
  const computed = computedNames.map((name) => view.schema.attributeType(name)).filter((type) => type !== undefined)
  return new Set([...(view.entry(slot)?.layout.attributes ?? []).map(({ type }) => type), ...computed])
}

/**
 * The octets of the values of exactly this type with at least these options, stored ones first. Includes what is computed from the whole
 * view: memberOf (without repeats), hasSubordinates, and uniqueMember of groups that have `member` (the same people by another name);
 * and what comes from people's accounts, where the entry has none itself.
 */
export function* attributeValues(
  view: DirectoryView,
  slot: number,
  description: AttributeDescription,
  reader: Reader = everybody,
): Generator<Buffer> {
  const { values } = reader
  if (!values) yield* allValues(view, slot, description, reader)
  else
    for (const octets of allValues(view, slot, description, reader)) if (values(description.type, octets)) yield octets
}

function* allValues(
  view: DirectoryView,
  slot: number,
  { type, options }: AttributeDescription,
  reader: Reader,
): Generator<Buffer> {
  const entry = view.entry(slot)
  if (!entry) return
  if (type.name === 'memberOf' || type.name === 'hasSubordinates') {
    if (options.length === 0) yield* computedValues(view, slot, type.name, reader)
    return
  }
  yield* storedValues(entry, type, options)
  if (type.name === 'uniqueMember' && !entry.layout.attributes.some((attribute) => attribute.type === type)) {
    const member = view.schema.attributeType('member')
    if (member) yield* storedValues(entry, member, options)
  }
  const isOfAccount = type.name === 'pwdChangedTime' || type.name === 'sambaNTPassword'
  if (isOfAccount && options.length === 0 && !entry.layout.attributes.some((attribute) => attribute.type === type)) {
    const value = view.accountValue(entry.entryUUID, type.name)
    if (value !== undefined) yield Buffer.from(value)
  }
}

function* computedValues(
  view: DirectoryView,
  slot: number,
  name: 'memberOf' | 'hasSubordinates',
  reader: Reader,
): Generator<Buffer> {
  const key = view.keyOf(slot)
  if (name === 'hasSubordinates')
    yield Buffer.from(slotsOf(view.children.get(key)).some((child) => reader.canRead(child)) ? 'TRUE' : 'FALSE')
  else
    for (const group of parentGroups(view, key, reader)) {
      const entry = view.entry(group)
      if (entry) yield nameOctets(entry)
    }
}

function* storedValues(entry: EncodedEntry, type: AttributeType, options: readonly string[]): Generator<Buffer> {
  const { attributes } = entry.layout
  for (let index = 0; index < attributes.length; index += 1) {
    const attribute = attributes[index]
    if (attribute?.type !== type) continue
    if (options.length > 0 && !options.every((option) => attribute.options.includes(option))) continue
    yield* encodedValues(entry, index)
  }
}

/** Slots of the groups that name the entry as a member, and of those it stores in memberOf itself (nested groups). */
export function parentGroups(view: DirectoryView, key: string, reader: Reader = everybody): readonly number[] {
  const member = view.schema.attributeType('member')
  const memberOf = view.schema.attributeType('memberOf')
  const groups = new Set(slotsOf(member && view.equality.get(member)?.get(key)))
  const entry = view.entry(view.slotOfKey(key))
  if (entry && memberOf) {
    for (const octets of storedValues(entry, memberOf, [])) {
      const slot = view.slotOfKey(memberOf.equality?.comparison.prepare(octets) ?? '')
      if (slot !== undefined) groups.add(slot)
    }
  }
  return [...groups].filter((group) => reader.canRead(group))
}
