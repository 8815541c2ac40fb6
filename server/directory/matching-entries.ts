import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Filter } from '../protocol/filter.ts'
import { publicAccess } from './access-control.ts'
import type { StateEntry } from './directory.ts'
import { compileFilter, True } from './filter-match.ts'
import { ViewWriter } from './memory/view-writer.ts'
import { Schema } from './schema/schema.ts'

const testsInTurn = 1000

/**
 * entryUUIDs of the entries that a search of whoever may read everything would find in this state, `memberOf` included: they are
 * all brought into memory as a search has them.
 */
export async function matchingEntries(states: readonly StateEntry[], filter: Filter): Promise<ReadonlySet<string>> {
  const draft = new ViewWriter(new Schema()).begin()
  for (const state of states) {
    draft.put(state.read())
    if (draft.isTimeUp) await draft.pause()
  }
  const { view } = await draft.finish()
  const { test } = compileFilter(filter, view, publicAccess)
  const found = new Set<string>()
  let tested = 0
  for (const slot of view.slots()) {
    if (test(slot) === True) found.add(view.entry(slot)?.entryUUID ?? '')
    tested += 1
    if (tested % testsInTurn === 0) await nextTurn()
  }
  return found
}
