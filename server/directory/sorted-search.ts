import type { Search } from './search.ts'
import type { SortOrder, SortValues } from './sort-order.ts'

/** An entry that was found, with what decides where it stands. */
export interface SortedEntry {
  readonly slot: number
  readonly values: SortValues
}

/**
 * A search whose entries come in order. It gathers while the inner search goes on, a slice at a time, then sorts once and gives out
 * what `choose` takes of the sorted list.
 */
export function sortedSearch(
  search: Search,
  order: SortOrder,
  choose: (sorted: readonly SortedEntry[]) => readonly SortedEntry[],
): Search {
  const gathered: SortedEntry[] = []
  let chosen: readonly SortedEntry[] | undefined
  let position = 0
  return {
    isUnindexed: search.isUnindexed,
    get isDone() {
      return chosen !== undefined && position >= chosen.length
    },
    next(count) {
      if (chosen === undefined) {
        for (const slot of search.next(count)) gathered.push({ slot, values: order.valuesOf(slot) })
        if (search.isDone) chosen = choose(gathered.sort((a, b) => order.compare(a.values, b.values)))
        return []
      }
      const slots = chosen.slice(position, position + count).map(({ slot }) => slot)
      position += slots.length
      return slots
    },
  }
}
