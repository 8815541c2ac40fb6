import type { ExtensibleFilter, Filter, SubstringsFilter } from '../protocol/filter.ts'
import { Oid } from '../protocol/oids.ts'
import { padForSubstrings, prepareSubstring } from '../protocol/string-preparation.ts'
import type { Access } from './access-control.ts'
import { type DirectoryView, type Posting, postingHas, slotsOf } from './directory-view.ts'
import { entryDnAssertions } from './entry-dn-assertions.ts'
import { attributeValues, hasAttribute, parentGroups } from './entry-values.ts'
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
      return compileItem(filter, description, view)
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

function compileItem(filter: ItemFilter, description: AttributeDescription, view: DirectoryView): Matcher {
  switch (filter.type) {
    case 'present':
      return scan((slot) => (hasAttribute(view, slot, description) ? True : False))
    case 'equality':
    case 'approx':
      return equality(description, Buffer.from(filter.value), view)
    case 'greaterOrEqual':
      return ordering(description, Buffer.from(filter.value), view, (order) => order >= 0)
    case 'lessOrEqual':
      return ordering(description, Buffer.from(filter.value), view, (order) => order <= 0)
    case 'substrings':
      return substrings(filter, description, view)
    default:
      return filter satisfies never
  }
}

function equality(description: AttributeDescription, value: Buffer, view: DirectoryView): Matcher {
  const { type, options } = description
  const assertion = preparedAssertion(type, value, view.schema)
  if (assertion === undefined) return constant(Undefined)
  const index =
    options.length === 0 && view.schema.withSubtypes(type).length === 1 ? view.equality.get(type) : undefined
  if (type.name === 'memberOf') return memberOf(assertion, index?.get(assertion), view)
  if (type.name === 'uniqueMember')
    return or([fromPosting(index?.get(assertion)), fromPosting(membersIndex(view)?.get(assertion))])
  if (index) return fromPosting(index.get(assertion))
  return scan((slot) =>
    anyValue(view, slot, description, (octets, valueType) =>
      includes(preparedValues(valueType, octets, view.schema), assertion),
    ),
  )
}

function membersIndex(view: DirectoryView): ReadonlyMap<string, Posting> | undefined {
  const member = view.schema.attributeType('member')
  return member && view.equality.get(member)
}

function fromPosting(posting: Posting | undefined): Matcher {
  return {
    estimate: slotsOf(posting).length,
    candidates: () => slotsOf(posting),
    test: (slot) => (postingHas(posting, slot) ? True : False),
  }
}

/** Entries that the group's `member` names, and those that store the group in memberOf themselves (nested groups). */
function memberOf(groupKey: string, stored: Posting | undefined, view: DirectoryView): Matcher {
  const member = view.schema.attributeType('member')
  const group = view.slotByKey.get(groupKey) ?? -1
  const groupsByMember = membersIndex(view)
  const members = () => {
    const slots = new Set(slotsOf(stored))
    if (member && group >= 0) {
      for (const octets of attributeValues(view, group, { type: member, options: [] })) {
        const slot = view.slotByKey.get(member.equality?.comparison.prepare(octets) ?? '')
        if (slot !== undefined) slots.add(slot)
      }
    }
    return [...slots].sort((a, b) => a - b)
  }
  return {
    estimate: slotsOf(stored).length + ((group < 0 ? 0 : view.entries[group]?.octets.length) ?? 0) / 50,
    candidates: members,
    test: (slot) =>
      postingHas(groupsByMember?.get(view.keys[slot] ?? ''), group) || postingHas(stored, slot) ? True : False,
  }
}

function ordering(
  description: AttributeDescription,
  value: Buffer,
  view: DirectoryView,
  accepts: (order: number) => boolean,
): Matcher {
  const comparison = description.type.ordering?.comparison ?? orderingOfEquality(description.type)
  const assertion = comparison?.prepare(value)
  const compare = comparison?.compare
  if (!comparison || !compare || assertion === undefined) return constant(Undefined)
  return scan((slot) =>
    anyValue(view, slot, description, (octets) => {
      const prepared = comparison.prepare(octets)
      return prepared !== undefined && accepts(compare(prepared, assertion))
    }),
  )
}

/** Types whose definition names no ORDERING rule are not ordered, but `uid>=m` is asked: strings order as they compare. */
function orderingOfEquality(type: AttributeType): Comparison | undefined {
  return type.equality?.comparison.substrings ? type.equality.comparison : undefined
}

function substrings(filter: SubstringsFilter, description: AttributeDescription, view: DirectoryView): Matcher {
  const comparison = (description.type.substrings ?? description.type.equality)?.comparison
  const matches = comparison && substringsTest(filter, comparison)
  if (!comparison || !matches) return constant(Undefined)
  const test = (slot: number): Truth =>
    anyValue(view, slot, description, (octets) => {
      const prepared = comparison.prepare(octets)
      return prepared !== undefined && matches(prepared)
    })
  const index =
    description.options.length === 0 && view.schema.withSubtypes(description.type).length === 1
      ? view.equality.get(description.type)
      : undefined
  if (!index || description.type.name === 'memberOf') return scan(test)
  // The index holds each distinct value once: looking through its keys is cheaper than through entries.
  const candidates = () => {
    const lists: (readonly number[])[] = []
    for (const [key, posting] of index) if (matches(key)) lists.push(slotsOf(posting))
    return union(lists)
  }
  return { estimate: index.size / 4, candidates, test }
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
    return prepareSubstring(rule.remove ? text.replace(rule.remove, '') : text, rule.ignoreCase, position)
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
    return bits(description, value, view, (set, mask) => (set & mask) === mask)
  if (description && filter.rule === Oid.bitOr)
    return bits(description, value, view, (set, mask) => (set & mask) !== 0n)
  if (description && filter.rule === Oid.inChain) return inChain(description, value, view)
  const rule = filter.rule === undefined ? description?.type.equality : findMatchingRule(filter.rule)
  if (!rule || rule.use !== 'equality') return constant(Undefined)
  return byRule(rule, filter, description, value, view, access)
}

/** The assertion by one rule on one attribute or, without an attribute, on every readable one whose type uses the rule's syntax. */
function byRule(
  rule: MatchingRule,
  filter: ExtensibleFilter,
  description: AttributeDescription | undefined,
  value: Buffer,
  view: DirectoryView,
  access: Access,
): Matcher {
  const { comparison } = rule
  const assertion = comparison.prepare(value)
  if (assertion === undefined) return constant(Undefined)
  const valueMatches = (octets: Buffer, type: AttributeType) =>
    rule === type.equality
      ? includes(preparedValues(type, octets, view.schema), assertion)
      : comparison.prepare(octets) === assertion
  const applies = (type: AttributeType) => type.equality?.syntax === rule.syntax && access.attributes.allows(type)
  return scan((slot) => {
    const inAttributes = description
      ? anyValue(view, slot, description, valueMatches)
      : (view.entries[slot]?.layout.attributes ?? []).some(
            ({ type, options }) => applies(type) && anyValue(view, slot, { type, options }, valueMatches) === True,
          )
        ? True
        : False
    if (inAttributes === True || !filter.dnAttributes) return inAttributes
    return entryDnAssertions(view, slot, description?.type, comparison, assertion) ? True : inAttributes
  })
}

/** LDAP_MATCHING_RULE_BIT_AND and _OR ([MS-ADTS] §3.1.1.3.4.4). */
function bits(
  description: AttributeDescription,
  value: Buffer,
  view: DirectoryView,
  accepts: (set: bigint, mask: bigint) => boolean,
): Matcher {
  const text = value.toString('latin1')
  if (!/^-?[0-9]{1,20}$/.test(text)) return constant(Undefined)
  const mask = BigInt(text)
  return scan((slot) =>
    anyValue(view, slot, description, (octets) => {
      const stored = octets.toString('latin1')
      return /^-?[0-9]{1,20}$/.test(stored) && accepts(BigInt(stored), mask)
    }),
  )
}

/** LDAP_MATCHING_RULE_IN_CHAIN: the closure of `member` upwards ([MS-ADTS] §3.1.1.3.4.4.3), for member and memberOf. */
function inChain(description: AttributeDescription, value: Buffer, view: DirectoryView): Matcher {
  const target = preparedAssertion(description.type, value, view.schema)
  if (target === undefined) return constant(Undefined)
  if (description.type.name === 'member') {
    return fromPosting([...groupsAbove(view, target)].sort((a, b) => a - b))
  }
  if (description.type.name !== 'memberOf') return constant(Undefined)
  const group = view.slotByKey.get(target)
  if (group === undefined) return fromPosting(undefined)
  return scan((slot) => (groupsAbove(view, view.keys[slot] ?? '').has(group) ? True : False))
}

/** Slots of the groups above an entry, at any height; cycles end where they began. */
function groupsAbove(view: DirectoryView, key: string): Set<number> {
  const found = new Set<number>()
  const queue = [key]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const slot of parentGroups(view, next)) {
      if (found.has(slot)) continue
      found.add(slot)
      queue.push(view.keys[slot] ?? '')
    }
  }
  return found
}

function anyValue(
  view: DirectoryView,
  slot: number,
  description: AttributeDescription,
  matches: (octets: Buffer, type: AttributeType) => boolean,
): Truth {
  for (const type of view.schema.withSubtypes(description.type)) {
    for (const octets of attributeValues(view, slot, { type, options: description.options }))
      if (matches(octets, type)) return True
  }
  return False
}

function includes(values: Iterable<string>, wanted: string): boolean {
  for (const value of values) if (value === wanted) return true
  return false
}
