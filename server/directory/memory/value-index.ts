import { type FrozenIndex, IndexBuilder, type Posting, type SlotList } from './frozen-index.ts'

/** Slots of one key that come (true) and go; a single one alone: its slot, or the complement of it when it goes. */
export type SlotChanges = number | ReadonlyMap<number, boolean>

/** Changes to one index, by key. */
export type IndexChanges = ReadonlyMap<string, SlotChanges>

const noChanges: IndexChanges = new Map()
/** So many changed keys, or this share of all, and an index is to be made anew. */
const changedAtMost = 1000
const changedShare = 1 / 32

/** Postings by key: those of a frozen index, and what has changed since it was made. It never changes itself. */
export class ValueIndex {
  static readonly empty = new ValueIndex(new IndexBuilder().freeze())

  readonly base: FrozenIndex
  readonly changes: IndexChanges
  private readonly merged = new Map<string, Posting | undefined>()

  constructor(base: FrozenIndex, changes: IndexChanges = noChanges) {
    this.base = base
    this.changes = changes
  }

  /** Number of keys, about. */
  get size(): number {
    return this.base.size + this.changes.size
  }

  get(key: string): Posting | undefined {
    if (this.changes.size === 0) return this.base.get(key)
    const changes = this.changes.get(key)
    if (changes === undefined) return this.base.get(key)
    const known = this.merged.get(key)
    if (known !== undefined || this.merged.has(key)) return known
    const posting = mergePosting(this.base.get(key), changes)
    this.merged.set(key, posting)
    return posting
  }

  /** The slot of a key that has one at most. */
  slotOf(key: string): number | undefined {
    const posting = this.get(key)
    return typeof posting === 'number' || posting === undefined ? posting : posting[0]
  }

  *[Symbol.iterator](): Generator<[key: string, posting: Posting]> {
    for (let place = 0; place < this.base.size; place += 1) {
      const key = this.base.keyAt(place)
      if (!this.changes.has(key)) yield [key, this.base.postingAt(place)]
    }
    for (const key of this.changes.keys()) {
      const posting = this.get(key)
      if (posting !== undefined) yield [key, posting]
    }
  }

  with(more: IndexChanges): ValueIndex {
    if (more.size === 0) return this
    if (this.changes.size === 0) return new ValueIndex(this.base, more)
    const changes = new Map(this.changes)
    for (const [key, each] of more) changes.set(key, bothChanges(changes.get(key), each))
    return new ValueIndex(this.base, changes)
  }

  get isMuchChanged(): boolean {
    return this.changes.size > changedAtMost + this.base.size * changedShare
  }

  /** The same without changes. Yields between its steps. */
  *refrozen(): Generator<void, FrozenIndex> {
    const builder = new IndexBuilder()
    for (const [key, posting] of this) {
      for (const slot of slotsOf(posting)) builder.add(key, slot)
      yield
    }
    return builder.freeze()
  }
}

/** The later ones win. */
function bothChanges(earlier: SlotChanges | undefined, later: SlotChanges): SlotChanges {
  return earlier === undefined ? later : new Map([...eachChange(earlier), ...eachChange(later)])
}

function eachChange(changes: SlotChanges): Iterable<[slot: number, isMember: boolean]> {
  if (typeof changes !== 'number') return changes
  return [changes >= 0 ? [changes, true] : [~changes, false]]
}

/** Gathers changes of one index. */
export class ChangeCollector {
  readonly changes = new Map<string, number | Map<number, boolean>>()

  set(key: string, slot: number, isMember: boolean): void {
    const known = this.changes.get(key)
    if (typeof known === 'object') known.set(slot, isMember)
    else if (known === undefined) this.changes.set(key, isMember ? slot : ~slot)
    else this.changes.set(key, new Map([...eachChange(known), [slot, isMember]]))
  }
}

function mergePosting(old: Posting | undefined, changes: SlotChanges): Posting | undefined {
  if (old === undefined && typeof changes === 'number') return changes >= 0 ? changes : undefined
  const bySlot = new Map(eachChange(changes))
  const kept: number[] = []
  for (const slot of slotsOf(old)) if (!bySlot.has(slot)) kept.push(slot)
  const count = kept.length
  for (const [slot, isMember] of bySlot) if (isMember) kept.push(slot)
  if (kept.length > count) kept.sort((a, b) => a - b)
  return kept.length > 1 ? kept : kept[0]
}

export function slotsOf(posting: Posting | undefined): SlotList {
  return posting === undefined ? [] : typeof posting === 'number' ? [posting] : posting
}

/** Binary search. */
export function postingHas(posting: Posting | undefined, slot: number): boolean {
  if (typeof posting === 'number' || posting === undefined) return posting === slot
  let low = 0
  let high = posting.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = posting[middle] ?? -1
    if (found === slot) return true
    if (found < slot) low = middle + 1
    else high = middle - 1
  }
  return false
}
