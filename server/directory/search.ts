import { DnSyntaxError, normalizeDn, parentKey } from '../protocol/distinguished-name.ts'
import type { Filter } from '../protocol/filter.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import type { Scope } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { Access } from './access-control.ts'
import type { DirectoryView } from './directory-view.ts'
import { entryName } from './encoded-entry.ts'
import { compileFilter, type Matcher, True } from './filter-match.ts'
import type { SlotList } from './memory/frozen-index.ts'
import { slotsOf } from './memory/value-index.ts'

export interface SearchParameters {
  readonly baseObject: string
  readonly scope: Scope
  readonly filter: Filter
}

/** A search under way. Entries come in slot order, which does not change while the process runs. */
export interface Search {
  /** True when no index narrowed the search down. */
  readonly isUnindexed: boolean
  /** Looks at no more than `count` entries, fewer when the filter makes that much work, and returns the slots of those that match. */
  next(count: number): readonly number[]
  readonly isDone: boolean
}

/** A few milliseconds. */
const comparisonsPerTurn = 20_000

/** Keys of the names that requests begin at: clients send the same few again and again. Few are kept, and none that is long. */
const knownNames = new Map<string, string>()
const namesKept = 1000
const longestKept = 256

/** The DN key of a name. Throws {@link LdapError} invalidDNSyntax. */
export function parseName(text: string): string {
  const known = knownNames.get(text)
  if (known !== undefined) return known
  const key = readName(text)
  if (text.length > longestKept) return key
  if (knownNames.size >= namesKept) knownNames.clear()
  knownNames.set(text, key)
  return key
}

function readName(text: string): string {
  try {
    return normalizeDn(text)
  } catch (error) {
    if (error instanceof DnSyntaxError) throw new LdapError(ResultCode.invalidDNSyntax, error.message)
    throw error
  }
}

/** Slot of a readable entry. Throws {@link LdapError} noSuchObject with the deepest readable entry above (RFC 4511 §4.1.9). */
export function findEntry(view: DirectoryView, name: string, access: Access): number {
  return findKey(view, parseName(name), access)
}

function findKey(view: DirectoryView, key: string, access: Access): number {
  const slot = view.slotOfKey(key)
  if (slot !== undefined && access.canRead(slot)) return slot
  for (let above = parentKey(key); above !== ''; above = parentKey(above)) {
    const found = view.slotOfKey(above)
    const entry = found !== undefined && access.canRead(found) ? view.entry(found) : undefined
    if (entry) throw new LdapError(ResultCode.noSuchObject, '', { matchedDN: entryName(entry) })
  }
  throw new LdapError(ResultCode.noSuchObject, '')
}

/**
 * Starts a search after slot `after` (-1 for all). An empty base object with another scope than base searches every naming context,
 * which is what clients that leave the base empty expect.
 * Throws {@link LdapError} noSuchObject or invalidDNSyntax.
 */
export function startSearch(
  view: DirectoryView,
  { baseObject, scope, filter }: SearchParameters,
  access: Access,
  after = -1,
): Search {
  const baseKey = baseObject === '' ? '' : parseName(baseObject)
  if (baseObject !== '') findKey(view, baseKey, access)
  return new RunningSearch(view, access, baseKey, scope, compileFilter(filter, view, access), after)
}

/** A class, as one is made for every search: an object with a getter of its own would be a shape of its own for the engine. */
class RunningSearch implements Search {
  readonly isUnindexed: boolean
  private readonly view: DirectoryView
  private readonly access: Access
  private readonly matcher: Matcher
  private readonly inScope: (slot: number) => boolean
  private readonly test: Matcher['test']
  private readonly after: number
  private gathering: Generator<undefined, SlotList> | undefined
  private candidates: SlotList | undefined
  private end: number
  private position: number

  constructor(view: DirectoryView, access: Access, baseKey: string, scope: Scope, matcher: Matcher, after: number) {
    this.view = view
    this.access = access
    this.matcher = matcher
    this.inScope = scopeTest(view, baseKey, scope)
    this.after = after
    this.end = view.slotCount
    this.position = after + 1
    const byScope = slotsByScope(view, baseKey, scope)
    const useScope = byScope !== undefined && byScope.length <= matcher.estimate
    this.test = useScope ? matcher.test : matcher.testCandidate
    const gathered = useScope ? byScope : matcher.candidates?.()
    this.isUnindexed = gathered === undefined
    if (gathered && 'next' in gathered) {
      this.gathering = gathered
      this.gatherOn()
    } else if (gathered) this.take(gathered)
  }

  private take(slots: SlotList): void {
    this.candidates = slots
    this.end = slots.length
    this.position = firstAfter(slots, this.after)
  }

  private gatherOn(): void {
    const step = this.gathering?.next()
    if (!step?.done) return
    this.gathering = undefined
    this.take(step.value)
  }

  get isDone(): boolean {
    return !this.gathering && this.position >= this.end
  }

  next(count: number): readonly number[] {
    const found: number[] = []
    if (this.gathering) {
      this.gatherOn()
      return found
    }
    const { view, access, matcher, inScope, test, candidates } = this
    const enough = matcher.spent() + comparisonsPerTurn
    const stop = Math.min(this.end, this.position + count)
    let { position } = this
    for (; position < stop && matcher.spent() < enough; position += 1) {
      const slot = candidates ? (candidates[position] ?? -1) : position
      if (view.has(slot) && inScope(slot) && access.canRead(slot) && test(slot) === True) found.push(slot)
    }
    this.position = position
    return found
  }
}

function firstAfter(slots: SlotList, after: number): number {
  let low = 0
  let high = slots.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((slots[middle] ?? 0) > after) high = middle
    else low = middle + 1
  }
  return low
}

/** DN keys have the root first, so that being below is beginning with. */
function scopeTest(view: DirectoryView, baseKey: string, scope: Scope): (slot: number) => boolean {
  const key = (slot: number) => view.keyOf(slot)
  const isWithin = (slot: number) => view.entry(slot)?.isWithin(baseKey) === true
  switch (scope) {
    case 'baseObject':
      return (slot) => key(slot) === baseKey
    case 'singleLevel':
      return (slot) => parentKey(key(slot)) === baseKey
    case 'wholeSubtree':
      return baseKey === '' ? () => true : isWithin
    case 'subordinateSubtree':
      return (slot) => isWithin(slot) && key(slot) !== baseKey
    default:
      return scope satisfies never
  }
}

/** The slots of the small scopes; undefined for subtrees. */
function slotsByScope(view: DirectoryView, baseKey: string, scope: Scope): SlotList | undefined {
  if (scope === 'singleLevel') return slotsOf(view.children.get(baseKey))
  if (scope !== 'baseObject') return undefined
  const slot = view.slotOfKey(baseKey)
  return slot === undefined ? [] : [slot]
}
