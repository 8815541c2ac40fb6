import type { ExtensibleFilter, Filter } from '../protocol/filter.ts'
import { Oid } from '../protocol/oids.ts'
import type { Access } from './access-control.ts'
import { type DirectoryView, type Posting, postingHas, slotsOf } from './directory-view.ts'
import { entryNameValues } from './entry-name-values.ts'
import { attributeTypes, attributeValues, parentGroups } from './entry-values.ts'
import { preparedAssertion } from './prepared-values.ts'
import type { AttributeType } from './schema/schema.ts'
import {
  extensibleRule,
  type ItemFilter,
  readableDescription,
  substringsComparison,
  substringsMatch,
  type ValueAssertion,
  valueAssertion,
} from './value-assertion.ts'

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
    case 'unrecognized':
      return constant(Undefined)
    default:
      return compileItem(filter, view, access)
  }
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

function compileItem(item: ItemFilter, view: DirectoryView, access: Access): Matcher {
  if (item.type === 'extensible' && item.rule === Oid.inChain) return inChain(item, view, access)
  const assertion = valueAssertion(item, view.schema, access.attributes)
  if (!assertion) return constant(Undefined)
  const matcher = indexed(item, assertion, view, access) ?? scan((slot) => anyValue(view, access, slot, assertion))
  if (item.type !== 'extensible' || !item.dnAttributes) return matcher
  return or([matcher, scan((slot) => inName(view, slot, assertion))])
}

/** The item by way of indexes; undefined where none helps. */
function indexed(
  item: ItemFilter,
  assertion: ValueAssertion,
  view: DirectoryView,
  access: Access,
): Matcher | undefined {
  const { description } = assertion
  const indexes = description && equalityIndexes(description.type, view)
  if (!description || !indexes) return undefined
  const test = (slot: number) => anyValue(view, access, slot, assertion)
  if (item.type === 'substrings') {
    const comparison = substringsComparison(description.type)
    const matches = comparison && substringsMatch(item, comparison)
    return matches && description.type.equality?.comparison === comparison ? byKeys(indexes, matches, test) : undefined
  }
  const isEquality =
    item.type === 'equality' ||
    item.type === 'approx' ||
    (item.type === 'extensible' && extensibleRule(item, description) === description.type.equality)
  if (!isEquality) return undefined
  const value = preparedAssertion(description.type, Buffer.from(item.value), view.schema)
  if (value === undefined) return undefined
  const [index] = indexes
  const isExact = description.options.length === 0 && !access.values
  if (index && isExact && description.type.name === 'memberOf') return memberOf(value, index.get(value), view, access)
  if (index && isExact && indexes.length === 1) return fromPosting(index.get(value))
  return narrowed(
    indexes.map((each) => slotsOf(each.get(value))),
    test,
  )
}

/** An index holds each distinct value once: looking through its keys is cheaper than through entries. */
function byKeys(
  indexes: readonly ReadonlyMap<string, Posting>[],
  matches: (key: string) => boolean,
  test: (slot: number) => Truth,
): Matcher {
  const candidates = () => {
    const lists: (readonly number[])[] = []
    for (const index of indexes) for (const [key, posting] of index) if (matches(key)) lists.push(slotsOf(posting))
    return union(lists)
  }
  return { estimate: indexes.reduce((sum, index) => sum + index.size, 0) / 4, candidates, test }
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

/**
 * LDAP_MATCHING_RULE_IN_CHAIN: the closure of `member` upwards ([MS-ADTS] §3.1.1.3.4.4.3), for member and memberOf. A chain
 * goes through readable groups only.
 */
function inChain(item: ExtensibleFilter, view: DirectoryView, access: Access): Matcher {
  const description = readableDescription(item.attribute ?? '', view.schema, access.attributes)
  const target = description && preparedAssertion(description.type, Buffer.from(item.value), view.schema)
  if (!description || target === undefined) return constant(Undefined)
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

function anyValue(view: DirectoryView, access: Access, slot: number, { description, testFor }: ValueAssertion): Truth {
  const types = description ? view.schema.withSubtypes(description.type) : attributeTypes(view, slot)
  for (const type of types) {
    const test = testFor(type)
    if (!test) continue
    for (const octets of attributeValues(view, slot, { type, options: description?.options ?? [] }, access))
      if (test(octets, type)) return True
  }
  return False
}

/** The `:dn` part: the values in the entry's DN count as its own (RFC 4511 §4.5.1.7.7). */
function inName(view: DirectoryView, slot: number, { description, testFor }: ValueAssertion): Truth {
  const wanted = description && view.schema.withSubtypes(description.type)
  for (const { type, octets } of entryNameValues(view, slot)) {
    if ((wanted?.includes(type) ?? true) && testFor(type)?.(octets, type)) return True
  }
  return False
}
