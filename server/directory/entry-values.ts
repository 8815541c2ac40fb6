import { Tag } from '../protocol/ber-reader.ts'
import { type DirectoryView, slotsOf } from './directory-view.ts'
import { type EncodedEntry, encodedValues } from './encoded-entry.ts'
import type { AttributeDescription, AttributeType } from './schema/schema.ts'

/** Who asks: groups that may not be read are in no memberOf. */
export interface Reader {
  canRead(slot: number): boolean
}

const everybody: Reader = { canRead: () => true }

const computedNames = ['memberOf', 'hasSubordinates', 'uniqueMember']

/** The types that the entry may have values of: those it stores and those computed from the whole view. */
export function attributeTypes(view: DirectoryView, slot: number): ReadonlySet<AttributeType> {
  const computed = computedNames.map((name) => view.schema.attributeType(name)).filter((type) => type !== undefined)
  return new Set([...(view.entries[slot]?.layout.attributes ?? []).map(({ type }) => type), ...computed])
}

/**
 * Whether the entry has a value of this type or a subtype with at least these options. Includes what is computed from the
 * whole view: memberOf, hasSubordinates, and uniqueMember of groups that have `member` (the same people by another name).
 */
export function hasAttribute(
  view: DirectoryView,
  slot: number,
  description: AttributeDescription,
  reader = everybody,
): boolean {
  for (const type of view.schema.withSubtypes(description.type)) {
    for (const _ of attributeValues(view, slot, { type, options: description.options }, reader)) return true
  }
  return false
}

/** The octets of the values of exactly this type, stored ones first; for memberOf without repeats. */
export function* attributeValues(
  view: DirectoryView,
  slot: number,
  { type, options }: AttributeDescription,
  reader = everybody,
): Generator<Buffer> {
  const entry = view.entries[slot]
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
}

function* computedValues(
  view: DirectoryView,
  slot: number,
  name: 'memberOf' | 'hasSubordinates',
  reader: Reader,
): Generator<Buffer> {
  const key = view.keys[slot] ?? ''
  if (name === 'hasSubordinates') yield Buffer.from(view.childrenByKey.has(key) ? 'TRUE' : 'FALSE')
  else for (const group of parentGroups(view, key, reader)) yield nameOctets(view, group)
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
export function parentGroups(view: DirectoryView, key: string, reader = everybody): readonly number[] {
  const member = view.schema.attributeType('member')
  const memberOf = view.schema.attributeType('memberOf')
  const groups = new Set(slotsOf(member && view.equality.get(member)?.get(key)))
  const entry = view.entries[view.slotByKey.get(key) ?? -1]
  if (entry && memberOf) {
    for (const octets of storedValues(entry, memberOf, [])) {
      const slot = view.slotByKey.get(memberOf.equality?.comparison.prepare(octets) ?? '')
      if (slot !== undefined) groups.add(slot)
    }
  }
  return [...groups].filter((group) => reader.canRead(group))
}

/** The octets of an entry's DN, without tag and length. */
export function nameOctets(view: DirectoryView, slot: number): Buffer {
  const entry = view.entries[slot]
  if (!entry) return Buffer.alloc(0)
  const { octets, nameEnd } = entry
  if (octets[0] !== Tag.octetString) throw new Error('encoded entry does not begin with its name')
  const first = octets[1] ?? 0
  return octets.subarray(2 + (first < 0x80 ? 0 : first & 0x7f), nameEnd)
}
