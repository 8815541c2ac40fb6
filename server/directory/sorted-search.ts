import type { Search } from './search.ts'
import type { SortOrder, SortValues } from './sort-order.ts'

/** An entry that was found, with what decides where it stands. */
export interface SortedEntry {
  readonly slot: number
  readonly values: SortValues
}

/**
 * A search whose entries come in order. It gathers and sorts while the inner search goes on, a slice at a time, then merges in slices and
 * gives out what `choose` takes of the sorted list.
 */
export function sortedSearch(
  search: Search,
  order: SortOrder,
  choose: (sorted: readonly SortedEntry[]) => readonly SortedEntry[],
): Search {
  const compare = (a: SortedEntry, b: SortedEntry) => order.compare(a.values, b.values) || a.slot - b.slot
  const runs: SortedEntry[][] = []
  const merging = merge(runs, compare)
  let chosen: readonly SortedEntry[] | undefined
  let position = 0
  return {
    isUnindexed: search.isUnindexed,
    get isDone() {
      return chosen !== undefined && position >= chosen.length
    },
    next(count) {
      if (!search.isDone) {
        const run = search.next(count).map((slot) => ({ slot, values: order.valuesOf(slot) }))
        if (run.length > 0) runs.push(run.sort(compare))
      } else if (chosen === undefined) {
        const { done, value } = merging.next()
        if (done) chosen = choose(value)
      } else {
        const slots = chosen.slice(position, position + count).map(({ slot }) => slot)
        position += slots.length
        return slots
      }
      return []
    },
  }
}

const mergedPerSlice = 1000

/** Merges sorted runs, two by two, until one is left. */
function* merge<T>(runs: T[][], compare: (a: T, b: T) => number): Generator<undefined, readonly T[]> {
  for (let count = 0; ; ) {
    const [left, right] = runs.splice(0, 2)
    if (!left || !right) return left ?? []
    const merged: T[] = []
    let next = 0
    for (const item of left) {
      for (let other = right[next]; other !== undefined && compare(other, item) < 0; other = right[next]) {
        merged.push(other)
        next += 1
        count += 1
        if (count % mergedPerSlice === 0) yield
      }
      merged.push(item)
      count += 1
      if (count % mergedPerSlice === 0) yield
    }
    runs.push(merged.concat(right.slice(next)))
  }
}
