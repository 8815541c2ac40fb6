/** What a table is made of; a value that threads share. */
export interface SlotTableParts {
  readonly base: Float64Array
  readonly changes: ReadonlyMap<number, number>
  /** Slots ever given. */
  readonly count: number
  /** Slots that are not free. */
  readonly taken: number
}

/** So many changes, and a table is to be made anew. */
const changedAtMost = 2000

/** The address of the record in each slot: those of an array, and what has changed since it was made. It never changes itself. */
export class SlotTable {
  static readonly empty = new SlotTable({ base: new Float64Array(0), changes: new Map(), count: 0, taken: 0 })

  readonly parts: SlotTableParts
  readonly count: number
  readonly taken: number

  constructor(parts: SlotTableParts) {
    this.parts = parts
    this.count = parts.count
    this.taken = parts.taken
  }

  /** -1 for a free slot. */
  get(slot: number): number {
    const { base, changes } = this.parts
    return (changes.size > 0 ? changes.get(slot) : undefined) ?? base[slot] ?? -1
  }

  with({ changes: more, count, taken }: Omit<SlotTableParts, 'base'>): SlotTable {
    if (more.size === 0 && count === this.count) return this
    const { base, changes } = this.parts
    return new SlotTable({ base, changes: changes.size === 0 ? more : new Map([...changes, ...more]), count, taken })
  }

  get isMuchChanged(): boolean {
    return this.parts.changes.size > changedAtMost
  }

  /** The same without changes. */
  refrozen(): SlotTable {
    const base = new Float64Array(new SharedArrayBuffer(this.count * 8)).fill(-1)
    base.set(this.parts.base.subarray(0, this.count))
    for (const [slot, address] of this.parts.changes) base[slot] = address
    return new SlotTable({ base, changes: new Map(), count: this.count, taken: this.taken })
  }
}
