import type { ExtensibleFilter, Filter } from '../protocol/filter.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { Access } from './access-control.ts'
import type { DirectoryView } from './directory-view.ts'
import { entryNameValues } from './entry-name-values.ts'
import { attributeTypes, attributeValues, parentGroups } from './entry-values.ts'
import type { Posting, SlotList } from './memory/frozen-index.ts'
import { postingHas, slotsOf, type ValueIndex } from './memory/value-index.ts'
import { bufferOf, preparedAssertion } from './prepared-values.ts'
import type { AttributeType } from './schema/schema.ts'
import { Syntax } from './schema/syntaxes.ts'
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

/** Slots in ascending order; where they take long to gather, in slices, with the slots at the end. */
export type Candidates = SlotList | Generator<undefined, SlotList>

/**
 * A filter made ready for one view and one identity. `candidates` hold every entry for which the filter can be True; undefined when no
 * index narrows it down. `estimate` is how many they are, about.
 */
export interface Matcher {
  readonly estimate: number
  readonly candidates: (() => Candidates) | undefined
  /** For a slot that holds a readable entry. Throws {@link LdapError} adminLimitExceeded when one entry takes too much work. */
  readonly test: (slot: number) => Truth
  /** The same for one of the candidates: what they were chosen by is not asked again. */
  readonly testCandidate: (slot: number) => Truth
  /** Comparisons made so far, about. */
  readonly spent: () => number
}

/** The part of a {@link Matcher} that one part of the filter gives. */
interface Part extends Omit<Matcher, 'spent' | 'testCandidate'> {
  /** Where it is less work than {@link Part.test}. */
  readonly testCandidate?: (slot: number) => Truth
}

/** What the parts of one filter share. */
interface Compilation {
  readonly view: DirectoryView
  readonly access: Access
  readonly work: Work
}

/** Counts comparisons. One entry is tested, and one chain of groups followed, in one go: those have a limit. */
class Work {
  spent = 0
  private limit = mostAtOnce

  begin(): void {
    this.limit = this.spent + mostAtOnce
  }

  spend(units: number): void {
    this.spent += units
    if (this.spent > this.limit)
      throw new LdapError(ResultCode.adminLimitExceeded, 'the filter compares too many values')
  }
}

/** Tens of milliseconds. */
const mostAtOnce = 200_000
/** Of comparing a DN, or following one to a group, in comparisons of text. */
const nameCost = 10

const constant = (truth: Truth): Part =>
  truth === True
    ? { estimate: Number.POSITIVE_INFINITY, candidates: undefined, test: () => True }
    : { estimate: 0, candidates: () => [], test: () => truth }

const scan = (test: (slot: number) => Truth): Part => ({
  estimate: Number.POSITIVE_INFINITY,
  candidates: undefined,
  test,
})

export function compileFilter(filter: Filter, view: DirectoryView, access: Access): Matcher {
  const work = new Work()
  const { estimate, candidates, test, testCandidate = test } = compile(filter, { view, access, work })
  return {
    estimate,
    candidates,
    test: (slot) => {
      work.begin()
      return test(slot)
    },
    testCandidate: (slot) => {
      work.begin()
      return testCandidate(slot)
    },
    spent: () => work.spent,
  }
}

function compile(filter: Filter, compilation: Compilation): Part {
  switch (filter.type) {
    case 'and':
      return and(
        filter.filters.map((inner) => compile(inner, compilation)),
        compilation,
      )
    case 'or':
      return or(
        filter.filters.map((inner) => compile(inner, compilation)),
        compilation,
      )
    case 'not':
      return not(compile(filter.filter, compilation))
    case 'unrecognized':
      return constant(Undefined)
    default:
      return compileItem(filter, compilation)
  }
}

function and(matchers: readonly Part[], { work }: Compilation): Part {
  if (matchers.length === 1 && matchers[0]) return matchers[0]
  let best: Part | undefined
  for (const matcher of matchers) if (matcher.candidates && (!best || matcher.estimate < best.estimate)) best = matcher
  const testAll = (slot: number, isCandidate: boolean): Truth => {
    let result: Truth = True
    for (const matcher of matchers) {
      work.spend(1)
      const truth = isCandidate && matcher === best ? (best.testCandidate ?? best.test)(slot) : matcher.test(slot)
      if (truth === False) return False
      if (truth === Undefined) result = Undefined
    }
    return result
  }
  return {
    estimate: best?.estimate ?? Number.POSITIVE_INFINITY,
    candidates: best?.candidates,
    test: (slot) => testAll(slot, false),
    testCandidate: (slot) => testAll(slot, true),
  }
}

/** Candidates that are not fewer than all entries narrow nothing down, and gathering them from many terms could take for ever. */
function or(matchers: readonly Part[], { view, work }: Compilation): Part {
  if (matchers.length === 1 && matchers[0]) return matchers[0]
  const test = (slot: number): Truth => {
    let result: Truth = False
    for (const matcher of matchers) {
      work.spend(1)
      const truth = matcher.test(slot)
      if (truth === True) return True
      if (truth === Undefined) result = Undefined
    }
    return result
  }
  const lists = matchers.map((matcher) => matcher.candidates)
  const estimate = matchers.reduce((sum, matcher) => sum + matcher.estimate, 0)
  if (estimate > view.slotCount || !lists.every((list) => list !== undefined)) return scan(test)
  return { estimate, candidates: () => unionOf(lists.map((list) => list())), test }
}

function* unionOf(gathered: readonly Candidates[]): Generator<undefined, SlotList> {
  const lists: SlotList[] = []
  for (const each of gathered) lists.push('next' in each ? yield* each : each)
  return union(lists)
}

function union(lists: readonly SlotList[]): SlotList {
  const filled = lists.filter((list) => list.length > 0)
  if (filled.length <= 1) return filled[0] ?? []
  let count = 0
  let last = 0
  for (const list of filled) {
    count += list.length
    last = Math.max(last, list.at(-1) ?? 0)
  }
  if (count < fewSlots) return [...new Set(filled.flatMap((list) => [...list]))].sort((a, b) => a - b)
  const isIn = new Uint8Array(last + 1)
  for (const list of filled) for (const slot of list) isIn[slot] = 1
  return marked(isIn)
}

function marked(isIn: Uint8Array): readonly number[] {
  const slots: number[] = []
  for (let slot = isIn.indexOf(1); slot >= 0; slot = isIn.indexOf(1, slot + 1)) slots.push(slot)
  return slots
}

/** More are marked and counted off in place of being sorted. */
const fewSlots = 1000
/** Keys or values looked at in one slice of gathering. */
const gatheredAtOnce = 200

function not(matcher: Part): Part {
  return scan((slot) => {
    const truth = matcher.test(slot)
    return truth === Undefined ? Undefined : truth === True ? False : True
  })
}

function compileItem(item: ItemFilter, compilation: Compilation): Part {
  const { view, access } = compilation
  if (item.type === 'extensible' && item.rule === Oid.inChain) return inChain(item, compilation)
  if (item.type === 'equality') {
    const description = readableDescription(item.attribute, view.schema, access.attributes)
    if (!description) return constant(Undefined)
    const part = description.options.length === 0 ? byIndex(description.type, item.value, compilation) : undefined
    if (part) return part
  }
  const assertion = valueAssertion(item, view.schema, access.attributes)
  if (!assertion) return constant(Undefined)
  const test = (slot: number) => anyValue(compilation, slot, assertion)
  const matcher = indexed(item, assertion, test, compilation) ?? scan(test)
  if (item.type !== 'extensible' || !item.dnAttributes) return matcher
  return or([matcher, scan((slot) => inName(view, slot, assertion))], compilation)
}

/** Equality by an index that holds all values of the type, or by that and the groups; undefined where there is none. */
function byIndex(type: AttributeType, value: Uint8Array, { view, access }: Compilation): Part | undefined {
  const index = view.equality.get(type)
  if (index === undefined || type.name === 'uniqueMember' || view.schema.withSubtypes(type).length > 1) return undefined
  const octets = bufferOf(value)
  const prepared = preparedAssertion(type, octets, view.schema)
  if (prepared === undefined) return constant(Undefined)
  if (type.name === 'memberOf') return memberOf(prepared, index.get(prepared), view, access)
  return fromPosting(isVisible(type, octets, access) ? index.get(prepared) : undefined)
}

/** The item by way of indexes; undefined where none helps. */
function indexed(
  item: ItemFilter,
  { description }: ValueAssertion,
  test: (slot: number) => Truth,
  compilation: Compilation,
): Part | undefined {
  const { view, access } = compilation
  const indexes = description && equalityIndexes(description.type, view)
  if (!description || !indexes) return undefined
  if (item.type === 'substrings') {
    const comparison = substringsComparison(description.type)
    const matches = comparison && substringsMatch(item, comparison)
    return matches && description.type.equality?.comparison === comparison
      ? byKeys(indexes, matches, test, view)
      : undefined
  }
  const isEquality =
    item.type === 'equality' ||
    item.type === 'approx' ||
    (item.type === 'extensible' && extensibleRule(item, description) === description.type.equality)
  if (!isEquality) return undefined
  const exact = description.options.length === 0 ? byIndex(description.type, item.value, compilation) : undefined
  if (exact) return exact
  const octets = bufferOf(item.value)
  const value = preparedAssertion(description.type, octets, view.schema)
  if (value === undefined) return undefined
  const postings = indexes.map((each) => each.get(value))
  const [own, ofMember] = postings
  const isExact =
    description.options.length === 0 && (postings.length === 1 || description.type.name === 'uniqueMember')
  if (!isExact) return narrowed(postings.map(slotsOf), test)
  if (!isVisible(description.type, octets, access)) return fromPosting(undefined)
  const hasOwn = (slot: number) => view.entry(slot)?.layout.attributes.some(({ type }) => type === description.type)
  return narrowed(postings.map(slotsOf), (slot) =>
    postingHas(own, slot) || (postingHas(ofMember, slot) && !hasOwn(slot)) ? True : False,
  )
}

/** Whether equal values may be seen where they stand: a name that may not be seen is nowhere. */
function isVisible(type: AttributeType, octets: Buffer, { values }: Access): boolean {
  return values?.(type, octets) ?? true
}

/** An index holds each distinct value once: looking through its keys is cheaper than through entries. */
function byKeys(
  indexes: readonly ValueIndex[],
  matches: (key: string) => boolean,
  test: (slot: number) => Truth,
  view: DirectoryView,
): Part {
  function* candidates(): Generator<undefined, SlotList> {
    const isIn = new Uint8Array(view.slotCount)
    let count = 0
    for (const index of indexes) {
      for (const [key, posting] of index) {
        if (matches(key)) for (const slot of slotsOf(posting)) isIn[slot] = 1
        count += 1
        if (count % gatheredAtOnce === 0) yield
      }
    }
    return marked(isIn)
  }
  return { estimate: indexes.reduce((sum, index) => sum + index.size, 0) / 4, candidates, test }
}

/** The index of `type` and, for uniqueMember, that of member, which stands in where an entry has none of its own; undefined when one of them is not kept. */
function equalityIndexes(type: AttributeType, view: DirectoryView): readonly ValueIndex[] | undefined {
  const alias = type.name === 'uniqueMember' ? view.schema.attributeType('member') : undefined
  const types = [...view.schema.withSubtypes(type), ...(alias ? [alias] : [])]
  const indexes = types.map((each) => view.equality.get(each))
  return indexes.every((index) => index !== undefined) ? indexes : undefined
}

function narrowed(lists: readonly SlotList[], test: (slot: number) => Truth): Part {
  return { estimate: lists.reduce((sum, list) => sum + list.length, 0), candidates: () => union(lists), test }
}

function fromPosting(posting: Posting | undefined): Part {
  return {
    estimate: posting === undefined ? 0 : typeof posting === 'number' ? 1 : posting.length,
    candidates: () => slotsOf(posting),
    test: (slot) => (postingHas(posting, slot) ? True : False),
    testCandidate: alwaysTrue,
  }
}

const alwaysTrue = (): Truth => True

/** Entries that the group's `member` names, and those that store the group in memberOf themselves (nested groups). */
function memberOf(groupKey: string, stored: Posting | undefined, view: DirectoryView, access: Access): Part {
  const group = view.slotOfKey(groupKey)
  const member = view.schema.attributeType('member')
  const groupsByMember = member && view.equality.get(member)
  if (group === undefined || !member || !access.canRead(group)) return fromPosting(undefined)
  function* members(type: AttributeType, slot: number): Generator<undefined, SlotList> {
    const slots: number[] = []
    let count = 0
    for (const octets of attributeValues(view, slot, { type, options: [] })) {
      const named = view.slotOfKey(type.equality?.comparison.prepare(octets) ?? '')
      if (named !== undefined) slots.push(named)
      count += 1
      if (count % gatheredAtOnce === 0) yield
    }
    return union([slotsOf(stored), [...new Set(slots)].sort((a, b) => a - b)])
  }
  return {
    estimate: slotsOf(stored).length + (view.entry(group)?.size ?? 0) / 50,
    candidates: () => members(member, group),
    test: (slot) =>
      postingHas(groupsByMember?.get(view.keyOf(slot)), group) || postingHas(stored, slot) ? True : False,
  }
}

/**
 * LDAP_MATCHING_RULE_IN_CHAIN: the closure of `member` upwards ([MS-ADTS] §3.1.1.3.4.4.3), for member and memberOf. A chain
 * goes through readable groups only, and begins with a name that may be seen.
 */
function inChain(item: ExtensibleFilter, compilation: Compilation): Part {
  const { view, access } = compilation
  const description = readableDescription(item.attribute ?? '', view.schema, access.attributes)
  const octets = bufferOf(item.value)
  const target = description && preparedAssertion(description.type, octets, view.schema)
  if (!description || target === undefined) return constant(Undefined)
  if (description.type.name === 'member') {
    if (!isVisible(description.type, octets, access)) return fromPosting(undefined)
    return fromPosting([...groupsAbove(target, compilation)].sort((a, b) => a - b))
  }
  if (description.type.name !== 'memberOf') return constant(Undefined)
  const group = view.slotOfKey(target)
  if (group === undefined) return fromPosting(undefined)
  return scan((slot) => (groupsAbove(view.keyOf(slot), compilation).has(group) ? True : False))
}

/** Slots of the groups above an entry, at any height; cycles end where they began. */
function groupsAbove(key: string, { view, access, work }: Compilation): Set<number> {
  const found = new Set<number>()
  const queue = [key]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const slot of parentGroups(view, next, access)) {
      work.spend(nameCost)
      if (found.has(slot)) continue
      found.add(slot)
      queue.push(view.keyOf(slot))
    }
  }
  return found
}

/** Values are tested first and looked at with the reader's eyes then, which takes longer. */
function anyValue({ view, access, work }: Compilation, slot: number, { description, testFor }: ValueAssertion): Truth {
  const reader = { canRead: (other: number) => access.canRead(other) }
  const types = description ? view.schema.withSubtypes(description.type) : attributeTypes(view, slot)
  for (const type of types) {
    const test = testFor(type)
    if (!test) continue
    const cost = type.syntax === Syntax.dn || type.syntax === Syntax.nameAndOptionalUid ? nameCost : 1
    for (const octets of attributeValues(view, slot, { type, options: description?.options ?? [] }, reader)) {
      work.spend(cost)
      if (test(octets, type) && isVisible(type, octets, access)) return True
    }
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
