import type { ExtensibleFilter, Filter, SubstringsFilter } from '../protocol/filter.ts'
import { Oid } from '../protocol/oids.ts'
import { padForSubstrings, prepareString, prepareSubstring } from '../protocol/string-preparation.ts'
import type { Access } from './access-control.ts'
import { type DirectoryView, type Posting, postingHas, slotsOf } from './directory-view.ts'
import { entryNameValues } from './entry-name-values.ts'
import { attributeTypes, attributeValues, hasAttribute, parentGroups } from './entry-values.ts'
import { preparedAssertion, preparedValues } from './prepared-values.ts'
import type { Comparison, MatchingRule } from './schema/matching-rules.ts'
import { type AttributeDescription, type AttributeType, findMatchingRule } from './schema/schema.ts'

/** TRUE, FALSE, Undefined (RFC 4511 §4.5.1.7). */
export const True = 1
export const False = 0
export const Undefined = -1
export type Truth = typeof True | typeof False | typeof Undefined

/**
 * A filter made ready for one view and one identity. `candidates` are slots in ascending order that hold every entry for
 * which the filter can be True; undefined when no index narrows it down. `estimate` is how many they are, about.
 */
export interface Matcher {
  readonly estimate: number
  readonly candidates: (() => readonly number[]) | undefined
  /** For a slot that holds a readable entry. */
  readonly test: (slot: number) => Truth
}

const constant = (truth: Truth): Matcher =>
  truth === True
    ? { estimate: Number.POSITIVE_INFINITY, candidates: undefined, test: () => True }
    : { estimate: 0, candidates: () => [], test: () => truth }

const scan = (test: (slot: number) => Truth): Matcher => ({
  estimate: Number.POSITIVE_INFINITY,
  candidates: undefined,
  test,
})

export function compileFilter(filter: Filter, view: DirectoryView, access: Access): Matcher {
  switch (filter.type) {
    case 'and':
      return and(filter.filters.map((inner) => compileFilter(inner, view, access)))
    case 'or':
      return or(filter.filters.map((inner) => compileFilter(inner, view, access)))
    case 'not':
      return not(compileFilter(filter.filter, view, access))
    case 'extensible':
      return compileExtensible(filter, view, access)
    case 'unrecognized':
      return constant(Undefined)
    default: {
      const description = view.schema.description(filter.attribute)
      if (!description || !readableTypes(description, view, access)) return constant(Undefined)
      return compileItem(filter, description, view, access)
    }
  }
}

/** Unknown and unreadable attributes look the same. */
function readableTypes(description: AttributeDescription, view: DirectoryView, access: Access): boolean {
  return view.schema.withSubtypes(description.type).every((type) => access.attributes.allows(type))
}

function and(matchers: readonly Matcher[]): Matcher {
  if (matchers.length === 1 && matchers[0]) return matchers[0]
  let best: Matcher | undefined
  for (const matcher of matchers) if (matcher.candidates && (!best || matcher.estimate < best.estimate)) best = matcher
  const test = (slot: number): Truth => {
    let result: Truth = True
    for (const matcher of matchers) {
      const truth = matcher.test(slot)
      if (truth === False) return False
      if (truth === Undefined) result = Undefined
    }
    return result
  }
  return { estimate: best?.estimate ?? Number.POSITIVE_INFINITY, candidates: best?.candidates, test }
}

function or(matchers: readonly Matcher[]): Matcher {
  if (matchers.length === 1 && matchers[0]) return matchers[0]
  const test = (slot: number): Truth => {
    let result: Truth = False
    for (const matcher of matchers) {
      const truth = matcher.test(slot)
      if (truth === True) return True
      if (truth === Undefined) result = Undefined
    }
    return result
  }
  const lists = matchers.map((matcher) => matcher.candidates)
  if (!lists.every((list) => list !== undefined)) return scan(test)
  const estimate = matchers.reduce((sum, matcher) => sum + matcher.estimate, 0)
  return { estimate, candidates: () => union(lists.map((list) => list())), test }
}

function union(lists: readonly (readonly number[])[]): readonly number[] {
  const filled = lists.filter((list) => list.length > 0)
  if (filled.length <= 1) return filled[0] ?? []
  return [...new Set(filled.flat())].sort((a, b) => a - b)
}

function not(matcher: Matcher): Matcher {
  return scan((slot) => {
    const truth = matcher.test(slot)
    return truth === Undefined ? Undefined : truth === True ? False : True
  })
}

type ItemFilter = Exclude<Filter, { readonly type: 'and' | 'or' | 'not' | 'extensible' | 'unrecognized' }>

function compileItem(
  filter: ItemFilter,
  description: AttributeDescription,
  view: DirectoryView,
  access: Access,
): Matcher {
  switch (filter.type) {
    case 'present':
      return scan((slot) => (hasAttribute(view, slot, description, access) ? True : False))
    case 'equality':
    case 'approx':
      return equality(description, Buffer.from(filter.value), view, access)
    case 'greaterOrEqual':
      return ordering(description, Buffer.from(filter.value), view, access, (order) => order >= 0)
    case 'lessOrEqual':
      return ordering(description, Buffer.from(filter.value), view, access, (order) => order <= 0)
    case 'substrings':
      return substrings(filter, description, view, access)
    default:
      return filter satisfies never
  }
}

function equality(description: AttributeDescription, value: Buffer, view: DirectoryView, access: Access): Matcher {
  const { type, options } = description
  const assertion = preparedAssertion(type, value, view.schema)
  if (assertion === undefined) return constant(Undefined)
  const indexes = equalityIndexes(type, view)
  const [index] = indexes ?? []
  if (index && type.name === 'memberOf' && options.length === 0)
    return memberOf(assertion, index.get(assertion), view, access)
  const isExact = indexes?.length === 1 && options.length === 0
  if (index && isExact) return fromPosting(index.get(assertion))
  const test = (slot: number) =>
    anyValue(view, access, slot, description, (octets, valueType) =>
      includes(preparedValues(valueType, octets, view.schema), assertion),
    )
  return indexes
    ? narrowed(
        indexes.map((each) => slotsOf(each.get(assertion))),
        test,
      )
    : scan(test)
}

/** The indexes that together hold every value that counts as one of `type`; undefined unless all of them are kept. */
function equalityIndexes(
  type: AttributeType,
  view: DirectoryView,
): readonly ReadonlyMap<string, Posting>[] | undefined {
  const alias = type.name === 'uniqueMember' ? view.schema.attributeType('member') : undefined
  const types = [...view.schema.withSubtypes(type), ...(alias ? [alias] : [])]
  const indexes = types.map((each) => view.equality.get(each))
  return indexes.every((index) => index !== undefined) ? indexes : undefined
}

function narrowed(lists: readonly (readonly number[])[], test: (slot: number) => Truth): Matcher {
  return { estimate: lists.reduce((sum, list) => sum + list.length, 0), candidates: () => union(lists), test }
}

function fromPosting(posting: Posting | undefined): Matcher {
  return {
    estimate: slotsOf(posting).length,
    candidates: () => slotsOf(posting),
    test: (slot) => (postingHas(posting, slot) ? True : False),
  }
}

/** Entries that the group's `member` names, and those that store the group in memberOf themselves (nested groups). */
function memberOf(groupKey: string, stored: Posting | undefined, view: DirectoryView, access: Access): Matcher {
  const group = view.slotByKey.get(groupKey)
  const member = view.schema.attributeType('member')
  const groupsByMember = member && view.equality.get(member)
  if (group === undefined || !member || !access.canRead(group)) return fromPosting(undefined)
  const members = () => {
    const slots = new Set(slotsOf(stored))
    for (const octets of attributeValues(view, group, { type: member, options: [] })) {
      const slot = view.slotByKey.get(member.equality?.comparison.prepare(octets) ?? '')
      if (slot !== undefined) slots.add(slot)
    }
    return [...slots].sort((a, b) => a - b)
  }
  return {
    estimate: slotsOf(stored).length + (view.entries[group]?.octets.length ?? 0) / 50,
    candidates: members,
    test: (slot) =>
      postingHas(groupsByMember?.get(view.keys[slot] ?? ''), group) || postingHas(stored, slot) ? True : False,
  }
}

function ordering(
  description: AttributeDescription,
  value: Buffer,
  view: DirectoryView,
  access: Access,
  accepts: (order: number) => boolean,
): Matcher {
  const comparison = description.type.ordering?.comparison ?? orderingOfEquality(description.type)
  const assertion = comparison?.prepare(value)
  const compare = comparison?.compare
  if (!comparison || !compare || assertion === undefined) return constant(Undefined)
  return scan((slot) =>
    anyValue(view, access, slot, description, (octets) => {
      const prepared = comparison.prepare(octets)
      return prepared !== undefined && accepts(compare(prepared, assertion))
    }),
  )
}

/** Types whose definition names no ORDERING rule are not ordered, but `uid>=m` is asked: strings order as they compare. */
function orderingOfEquality(type: AttributeType): Comparison | undefined {
  return type.equality?.comparison.substrings ? type.equality.comparison : undefined
}

function substrings(
  filter: SubstringsFilter,
  description: AttributeDescription,
  view: DirectoryView,
  access: Access,
): Matcher {
  const comparison = (description.type.substrings ?? description.type.equality)?.comparison
  const matches = comparison && substringsTest(filter, comparison)
  if (!comparison || !matches) return constant(Undefined)
  const test = (slot: number): Truth =>
    anyValue(view, access, slot, description, (octets) => {
      const prepared = comparison.prepare(octets)
      return prepared !== undefined && matches(prepared)
    })
  const indexes = description.type.equality?.comparison === comparison && equalityIndexes(description.type, view)
  if (!indexes) return scan(test)
  // An index holds each distinct value once: looking through its keys is cheaper than through entries.
  const candidates = () => {
    const lists: (readonly number[])[] = []
    for (const index of indexes) for (const [key, posting] of index) if (matches(key)) lists.push(slotsOf(posting))
    return union(lists)
  }
  return { estimate: indexes.reduce((sum, index) => sum + index.size, 0) / 4, candidates, test }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined when the kind has no substrings or a part is not text. */
function substringsTest(
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

function compileExtensible(filter: ExtensibleFilter, view: DirectoryView, access: Access): Matcher {
  const description = filter.attribute === undefined ? undefined : view.schema.description(filter.attribute)
  if (filter.attribute !== undefined && (!description || !readableTypes(description, view, access)))
    return constant(Undefined)
  const value = Buffer.from(filter.value)
  if (description && filter.rule === Oid.bitAnd)
    return bits(description, value, view, access, (set, mask) => (set & mask) === mask)
  if (description && filter.rule === Oid.bitOr)
    return bits(description, value, view, access, (set, mask) => (set & mask) !== 0n)
  if (description && filter.rule === Oid.inChain) return inChain(description, value, view, access)
  const rule = filter.rule === undefined ? description?.type.equality : findMatchingRule(filter.rule)
  if (rule?.use !== 'equality' || rule.comparison.prepare(value) === undefined) return constant(Undefined)
  const inAttributes =
    description && rule === description.type.equality
      ? equality(description, value, view, access)
      : byRule(rule, description, value, view, access)
  return filter.dnAttributes ? or([inAttributes, inName(rule, description, value, view, access)]) : inAttributes
}

type ValueTest = (octets: Buffer, type: AttributeType) => boolean

/** The assertion by one rule on one attribute or, without an attribute, on every readable one that the rule is for. */
function byRule(
  rule: MatchingRule,
  description: AttributeDescription | undefined,
  value: Buffer,
  view: DirectoryView,
  access: Access,
): Matcher {
  const testFor = testsByType(rule, value, view, access)
  if (description) {
    const test = testFor(description.type)
    return test ? scan((slot) => anyValue(view, access, slot, description, test)) : constant(Undefined)
  }
  return scan((slot) => {
    for (const type of attributeTypes(view, slot)) {
      const test = testFor(type)
      if (!test) continue
      for (const octets of attributeValues(view, slot, { type, options: [] }, access))
        if (test(octets, type)) return True
    }
    return False
  })
}

/** The `:dn` part: the values in the entry's DN count as its own (RFC 4511 §4.5.1.7.7). */
function inName(
  rule: MatchingRule,
  description: AttributeDescription | undefined,
  value: Buffer,
  view: DirectoryView,
  access: Access,
): Matcher {
  const testFor = testsByType(rule, value, view, access)
  const wanted = description && new Set(view.schema.withSubtypes(description.type))
  return scan((slot) => {
    for (const { type, octets } of entryNameValues(view, slot)) {
      if ((wanted?.has(type) ?? true) && testFor(type)?.(octets, type)) return True
    }
    return False
  })
}

/**
 * What a value of a type must pass for the rule to hold. None for a type that may not be read or that the rule is not for: it
 * is for those whose equality rule it is, and when it compares text, for all text.
 */
function testsByType(
  rule: MatchingRule,
  value: Buffer,
  view: DirectoryView,
  access: Access,
): (type: AttributeType) => ValueTest | undefined {
  const { comparison } = rule
  const makeTest = (type: AttributeType): ValueTest | undefined => {
    if (!access.attributes.allows(type)) return undefined
    if (rule === type.equality) {
      const assertion = preparedAssertion(type, value, view.schema)
      if (assertion === undefined) return undefined
      return (octets, valueType) => includes(preparedValues(valueType, octets, view.schema), assertion)
    }
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

/** LDAP_MATCHING_RULE_BIT_AND and _OR ([MS-ADTS] §3.1.1.3.4.4). */
function bits(
  description: AttributeDescription,
  value: Buffer,
  view: DirectoryView,
  access: Access,
  accepts: (set: bigint, mask: bigint) => boolean,
): Matcher {
  const text = value.toString('latin1')
  if (!/^-?[0-9]{1,20}$/.test(text)) return constant(Undefined)
  const mask = BigInt(text)
  return scan((slot) =>
    anyValue(view, access, slot, description, (octets) => {
      const stored = octets.toString('latin1')
      return /^-?[0-9]{1,20}$/.test(stored) && accepts(BigInt(stored), mask)
    }),
  )
}

/**
 * LDAP_MATCHING_RULE_IN_CHAIN: the closure of `member` upwards ([MS-ADTS] §3.1.1.3.4.4.3), for member and memberOf. A chain
 * goes through readable groups only.
 */
function inChain(description: AttributeDescription, value: Buffer, view: DirectoryView, access: Access): Matcher {
  const target = preparedAssertion(description.type, value, view.schema)
  if (target === undefined) return constant(Undefined)
  if (description.type.name === 'member') {
    return fromPosting([...groupsAbove(view, target, access)].sort((a, b) => a - b))
  }
  if (description.type.name !== 'memberOf') return constant(Undefined)
  const group = view.slotByKey.get(target)
  if (group === undefined) return fromPosting(undefined)
  return scan((slot) => (groupsAbove(view, view.keys[slot] ?? '', access).has(group) ? True : False))
}

/** Slots of the groups above an entry, at any height; cycles end where they began. */
function groupsAbove(view: DirectoryView, key: string, access: Access): Set<number> {
  const found = new Set<number>()
  const queue = [key]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const slot of parentGroups(view, next, access)) {
      if (found.has(slot)) continue
      found.add(slot)
      queue.push(view.keys[slot] ?? '')
    }
  }
  return found
}

function anyValue(
  view: DirectoryView,
  access: Access,
  slot: number,
  description: AttributeDescription,
  matches: (octets: Buffer, type: AttributeType) => boolean,
): Truth {
  for (const type of view.schema.withSubtypes(description.type)) {
    for (const octets of attributeValues(view, slot, { type, options: description.options }, access))
      if (matches(octets, type)) return True
  }
  return False
}

function includes(values: Iterable<string>, wanted: string): boolean {
  for (const value of values) if (value === wanted) return true
  return false
}
