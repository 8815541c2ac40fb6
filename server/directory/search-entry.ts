import { Tag } from '../protocol/ber-reader.ts'
import { type BerWriter, element, textElement } from '../protocol/ber-writer.ts'
import { writeSearchEntryControls, writeSearchEntryStart } from '../protocol/response-encoder.ts'
import type { Access } from './access-control.ts'
import type { AttributeSelection, SelectionPlan } from './attribute-selection.ts'
import type { DirectoryView } from './directory-view.ts'
import { type EncodedEntry, encodedValues, valueSetRange } from './encoded-entry.ts'
import { attributeValues } from './entry-values.ts'
import type { ValueFilter } from './matched-values.ts'
import type { AttributeType } from './schema/schema.ts'

/** What is sent of the entries of one search. */
export interface EntryAnswer {
  readonly view: DirectoryView
  readonly access: Access
  readonly selection: AttributeSelection
  readonly typesOnly: boolean
  /** RFC 3876: only these values. */
  readonly valueFilter?: ValueFilter | undefined
}

/** Appends a SearchResultEntry (RFC 4511 §4.5.2) with what the selection asks for and the access allows. */
export function writeSearchEntry(
  writer: BerWriter,
  messageId: number,
  answer: EntryAnswer,
  slot: number,
  controls: readonly Buffer[] = [],
): void {
  const entry = answer.view.entry(slot)
  if (!entry) return
  const plan = answer.selection.planFor(entry.layout, answer.access.attributes)
  const isWhole = !answer.typesOnly && !answer.valueFilter && !answer.access.values
  const stored = isWhole ? [] : storedAttributes(answer, entry, plan)
  const computed = computedAttributes(answer, slot, plan)
  let attributesLength = 0
  for (const part of stored) attributesLength += part.length
  for (const part of computed) attributesLength += part.length
  if (isWhole)
    for (const index of plan.attributes) attributesLength += entry.attributeEnd(index) - entry.attributeStart(index)

  const controlsLength = controls.reduce((sum, control) => sum + control.length, 0)
  writeSearchEntryStart(writer, messageId, entry.nameEnd - entry.nameStart, attributesLength, controlsLength)
  writer.copy(entry.octets, entry.nameStart, entry.nameEnd)
  writer.header(Tag.sequence, attributesLength)
  if (isWhole) copyAttributes(writer, entry, plan.attributes)
  for (const part of stored) writer.raw(part)
  for (const part of computed) writer.raw(part)
  writeSearchEntryControls(writer, controls, controlsLength)
}

/** The PartialAttributes of an entry, each encoded. */
export function encodedAttributes(answer: EntryAnswer, slot: number): Buffer[] {
  const entry = answer.view.entry(slot)
  if (!entry) return []
  const plan = answer.selection.planFor(entry.layout, answer.access.attributes)
  return [...storedAttributes(answer, entry, plan), ...computedAttributes(answer, slot, plan)]
}

/** Neighbouring attributes are copied in one go. */
function copyAttributes(writer: BerWriter, entry: EncodedEntry, indexes: readonly number[]): void {
  for (let i = 0; i < indexes.length; ) {
    const first = indexes[i] ?? 0
    let last = first
    for (i += 1; indexes[i] === last + 1; i += 1) last += 1
    writer.copy(entry.octets, entry.attributeStart(first), entry.attributeEnd(last))
  }
}

function storedAttributes(answer: EntryAnswer, entry: EncodedEntry, plan: SelectionPlan): Buffer[] {
  return plan.attributes.flatMap((index) => {
    const attribute = entry.layout.attributes[index]
    if (!attribute) return []
    if (!restrictsValues(answer)) {
      const { start, end } = valueSetRange(entry, index)
      return partialAttribute(answer, attribute.description, entry.octets.subarray(start, end))
    }
    return someValues(answer, attribute.description, attribute.type, attribute.options, encodedValues(entry, index))
  })
}

/** memberOf, hasSubordinates, uniqueMember and what comes from accounts; absent without a value. */
function computedAttributes(answer: EntryAnswer, slot: number, plan: SelectionPlan): Buffer[] {
  if (!plan.memberOf && !plan.hasSubordinates && !plan.uniqueMember && plan.ofAccount.length === 0) return []
  const { view, access } = answer
  const names = [
    ...(plan.uniqueMember ? ['uniqueMember'] : []),
    ...(plan.memberOf ? ['memberOf'] : []),
    ...(plan.hasSubordinates ? ['hasSubordinates'] : []),
    ...plan.ofAccount,
  ]
  return names.flatMap((name) => {
    const type = view.schema.attributeType(name)
    return type ? someValues(answer, name, type, [], attributeValues(view, slot, { type, options: [] }, access)) : []
  })
}

function restrictsValues({ access, valueFilter }: EntryAnswer): boolean {
  return access.values !== undefined || valueFilter !== undefined
}

function someValues(
  answer: EntryAnswer,
  description: string,
  type: AttributeType,
  options: readonly string[],
  values: Iterable<Buffer>,
): Buffer[] {
  const kept: Buffer[] = []
  for (const octets of values) {
    if (answer.access.values?.(type, octets) === false) continue
    if (answer.valueFilter?.(type, options, octets) === false) continue
    kept.push(element(Tag.octetString, octets))
  }
  return kept.length === 0 ? [] : partialAttribute(answer, description, element(Tag.set, ...kept))
}

const emptySet = element(Tag.set)

function partialAttribute({ typesOnly }: EntryAnswer, description: string, set: Uint8Array): Buffer[] {
  return [element(Tag.sequence, textElement(Tag.octetString, description), typesOnly ? emptySet : set)]
}
