import type { ExtensibleFilter, Filter, SubstringsFilter } from '../protocol/filter.ts'
import { Oid } from '../protocol/oids.ts'
import { padForSubstrings, prepareString, prepareSubstring } from '../protocol/string-preparation.ts'
import type { AttributeAccess } from './access-control.ts'
import { bufferOf, preparedAssertion, preparedValues } from './prepared-values.ts'
import type { Comparison, MatchingRule } from './schema/matching-rules.ts'
import { type AttributeDescription, type AttributeType, findMatchingRule, type Schema } from './schema/schema.ts'

/** A filter item, which asserts something of single values. */
export type ItemFilter = Exclude<Filter, { readonly type: 'and' | 'or' | 'not' | 'unrecognized' }>

/** What a value must pass. */
export type ValueTest = (octets: Buffer, type: AttributeType) => boolean

/** An item made ready: the attribute it names, if any, and the test for values of a type; no test, no value of that type can match. */
export interface ValueAssertion {
  readonly description: AttributeDescription | undefined
  readonly testFor: (type: AttributeType) => ValueTest | undefined
}

/** Undefined where RFC 4511 §4.5.1.7 makes the item Undefined: unknown or unreadable attribute, rule that does not apply, value not of the syntax. */
export function valueAssertion(item: ItemFilter, schema: Schema, access: AttributeAccess): ValueAssertion | undefined {
  const description = item.attribute === undefined ? undefined : readableDescription(item.attribute, schema, access)
  if (item.attribute !== undefined && !description) return undefined
  if (item.type === 'extensible') return extensibleAssertion(item, description, schema, access)
  if (!description) return undefined
  const test = itemTest(item, description, schema)
  return test && { description, testFor: () => test }
}

/** Unknown and unreadable attributes look the same. */
export function readableDescription(
  name: string,
  schema: Schema,
  access: AttributeAccess,
): AttributeDescription | undefined {
  const description = schema.description(name)
  const isReadable = description && schema.withSubtypes(description.type).every((type) => access.allows(type))
  return isReadable ? description : undefined
}

function itemTest(
  item: Exclude<ItemFilter, ExtensibleFilter>,
  { type }: AttributeDescription,
  schema: Schema,
): ValueTest | undefined {
  switch (item.type) {
    case 'present':
      return () => true
    case 'equality':
    case 'approx':
      return equalityTest(type, bufferOf(item.value), schema)
    case 'greaterOrEqual':
      return orderingTest(type, bufferOf(item.value), (order) => order >= 0)
    case 'lessOrEqual':
      return orderingTest(type, bufferOf(item.value), (order) => order <= 0)
    case 'substrings': {
      const comparison = substringsComparison(type)
      const matches = comparison && substringsMatch(item, comparison)
      if (!comparison || !matches) return undefined
      return (octets) => {
        const prepared = comparison.prepare(octets)
        return prepared !== undefined && matches(prepared)
      }
    }
    default:
      return item satisfies never
  }
}

function equalityTest(type: AttributeType, value: Buffer, schema: Schema): ValueTest | undefined {
  const assertion = preparedAssertion(type, value, schema)
  if (assertion === undefined) return undefined
  return (octets, valueType) => {
    for (const prepared of preparedValues(valueType, octets, schema)) if (prepared === assertion) return true
    return false
  }
}

function orderingTest(type: AttributeType, value: Buffer, accepts: (order: number) => boolean): ValueTest | undefined {
  const comparison = type.ordering?.comparison ?? orderingOfEquality(type)
  const assertion = comparison?.prepare(value)
  const compare = comparison?.compare
  if (!comparison || !compare || assertion === undefined) return undefined
  return (octets) => {
    const prepared = comparison.prepare(octets)
    return prepared !== undefined && accepts(compare(prepared, assertion))
  }
}

/** Types whose definition names no ORDERING rule are not ordered, but `uid>=m` is asked: strings order as they compare. */
function orderingOfEquality(type: AttributeType): Comparison | undefined {
  return type.equality?.comparison.substrings ? type.equality.comparison : undefined
}

export function substringsComparison(type: AttributeType): Comparison | undefined {
  return (type.substrings ?? type.equality)?.comparison
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The test of a prepared value. Undefined when the kind has no substrings or a part is not text. */
export function substringsMatch(
  filter: SubstringsFilter,
  { substrings: rule }: Comparison,
): ((prepared: string) => boolean) | undefined {
  if (!rule) return undefined
  const prepare = (part: Uint8Array, position: 'initial' | 'any' | 'final') => {
    const text = utf8.decode(part)
    const kept = rule.remove ? prepareString(text, rule.ignoreCase).replace(rule.remove, '') : text
    return prepareSubstring(kept, rule.ignoreCase, position)
  }
  let initial: string
  let final: string
  let any: string[]
  try {
    initial = filter.initial === undefined ? '' : prepare(filter.initial, 'initial')
    final = filter.final === undefined ? '' : prepare(filter.final, 'final')
    any = filter.any.map((part) => prepare(part, 'any'))
  } catch {
    return undefined
  }
  return (prepared) => {
    const value = padForSubstrings(prepared)
    if (!value.startsWith(initial)) return false
    let at = initial.length
    for (const part of any) {
      const found = value.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return value.length - final.length >= at && value.endsWith(final)
  }
}

/** The matching rule of an extensible item, where it is an equality rule and the value is of its syntax. */
export function extensibleRule(
  item: ExtensibleFilter,
  description: AttributeDescription | undefined,
): MatchingRule | undefined {
  const rule = item.rule === undefined ? description?.type.equality : findMatchingRule(item.rule)
  return rule?.use === 'equality' && rule.comparison.prepare(bufferOf(item.value)) !== undefined ? rule : undefined
}

function extensibleAssertion(
  item: ExtensibleFilter,
  description: AttributeDescription | undefined,
  schema: Schema,
  access: AttributeAccess,
): ValueAssertion | undefined {
  const value = bufferOf(item.value)
  if (description && (item.rule === Oid.bitAnd || item.rule === Oid.bitOr)) {
    const test = bitsTest(value, item.rule === Oid.bitAnd)
    return test && { description, testFor: () => test }
  }
  const rule = extensibleRule(item, description)
  if (!rule) return undefined
  const testFor = testsByType(rule, value, schema, access)
  return description && !testFor(description.type) ? undefined : { description, testFor }
}

/**
 * What a value of a type must pass for the rule to hold. None for a type that may not be read or that the rule is not for: it
 * is for those whose equality rule it is, and when it compares text, for all text.
 */
function testsByType(
  rule: MatchingRule,
  value: Buffer,
  schema: Schema,
  access: AttributeAccess,
): ValueAssertion['testFor'] {
  const { comparison } = rule
  const makeTest = (type: AttributeType): ValueTest | undefined => {
    if (!access.allows(type)) return undefined
    if (rule === type.equality) return equalityTest(type, value, schema)
    if (!comparison.substrings || !type.equality?.comparison.substrings) return undefined
    const assertion = comparison.prepare(value)
    return (octets) => comparison.prepare(octets) === assertion
  }
  const tests = new Map<AttributeType, ValueTest | undefined>()
  return (type) => {
    if (!tests.has(type)) tests.set(type, makeTest(type))
    return tests.get(type)
  }
}

const bitsText = /^-?[0-9]{1,20}$/

/** LDAP_MATCHING_RULE_BIT_AND and _OR ([MS-ADTS] §3.1.1.3.4.4). */
function bitsTest(value: Buffer, all: boolean): ValueTest | undefined {
  const text = value.toString('latin1')
  if (!bitsText.test(text)) return undefined
  const mask = BigInt(text)
  return (octets) => {
    const stored = octets.toString('latin1')
    if (!bitsText.test(stored)) return false
    const set = BigInt(stored) & mask
    return all ? set === mask : set !== 0n
  }
}
