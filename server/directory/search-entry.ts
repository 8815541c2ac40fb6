import { Tag } from '../protocol/ber-reader.ts'
import { type BerWriter, element, textElement } from '../protocol/ber-writer.ts'
import { writeSearchEntryStart } from '../protocol/response-encoder.ts'
import type { Access } from './access-control.ts'
import type { AttributeSelection } from './attribute-selection.ts'
import type { DirectoryView } from './directory-view.ts'
import { attributeStart, type EncodedEntry, valueSetRange } from './encoded-entry.ts'
import { nameOctets, parentGroups } from './entry-values.ts'

const emptySet = Buffer.from([Tag.set, 0])

/** Appends a SearchResultEntry (RFC 4511 §4.5.2) with what `selection` asks for and `access` allows. */
export function writeSearchEntry(
  writer: BerWriter,
  messageId: number,
  view: DirectoryView,
  slot: number,
  selection: AttributeSelection,
  typesOnly: boolean,
  access: Access,
): void {
  const entry = view.entries[slot]
  if (!entry) return
  const plan = selection.planFor(entry.layout, access.attributes)
  const computed: Buffer[] = []
  if (plan.uniqueMember !== undefined) computed.push(renamed(entry, plan.uniqueMember, 'uniqueMember', typesOnly))
  if (plan.memberOf) computed.push(...memberOf(view, slot, typesOnly, access))
  if (plan.hasSubordinates)
    computed.push(
      attribute('hasSubordinates', [view.childrenByKey.has(view.keys[slot] ?? '') ? 'TRUE' : 'FALSE'], typesOnly),
    )
  const stored = typesOnly ? plan.attributes.map((index) => withoutValues(entry, index)) : []
  let attributesLength = 0
  for (const part of computed) attributesLength += part.length
  if (typesOnly) for (const part of stored) attributesLength += part.length
  else for (const index of plan.attributes) attributesLength += (entry.ends[index] ?? 0) - attributeStart(entry, index)

  writeSearchEntryStart(writer, messageId, entry.nameEnd, attributesLength)
  writer.copy(entry.octets, 0, entry.nameEnd)
  writer.header(Tag.sequence, attributesLength)
  if (typesOnly) for (const part of stored) writer.raw(part)
  else copyAttributes(writer, entry, plan.attributes)
  for (const part of computed) writer.raw(part)
}

/** Neighbouring attributes are copied in one go. */
function copyAttributes(writer: BerWriter, entry: EncodedEntry, indexes: readonly number[]): void {
  for (let i = 0; i < indexes.length; ) {
    const first = indexes[i] ?? 0
    let last = first
    for (i += 1; indexes[i] === last + 1; i += 1) last += 1
    writer.copy(entry.octets, attributeStart(entry, first), entry.ends[last] ?? 0)
  }
}

function withoutValues(entry: EncodedEntry, index: number): Buffer {
  return element(
    Tag.sequence,
    textElement(Tag.octetString, entry.layout.attributes[index]?.description ?? ''),
    emptySet,
  )
}

function renamed(entry: EncodedEntry, index: number, description: string, typesOnly: boolean): Buffer {
  const { start, end } = valueSetRange(entry, index)
  return element(
    Tag.sequence,
    textElement(Tag.octetString, description),
    typesOnly ? emptySet : entry.octets.subarray(start, end),
  )
}

function attribute(description: string, values: readonly string[], typesOnly: boolean): Buffer {
  const set = typesOnly ? emptySet : element(Tag.set, ...values.map((value) => textElement(Tag.octetString, value)))
  return element(Tag.sequence, textElement(Tag.octetString, description), set)
}

/** Absent when no readable group names the entry. */
function memberOf(view: DirectoryView, slot: number, typesOnly: boolean, access: Access): Buffer[] {
  const groups = parentGroups(view, view.keys[slot] ?? '', access)
  if (groups.length === 0) return []
  const names = groups.map((group) => element(Tag.octetString, nameOctets(view, group)))
  return [
    element(Tag.sequence, textElement(Tag.octetString, 'memberOf'), typesOnly ? emptySet : element(Tag.set, ...names)),
  ]
}
