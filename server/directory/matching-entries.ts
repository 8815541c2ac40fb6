import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Filter } from '../protocol/filter.ts'
import { publicAccess } from './access-control.ts'
import { createViewBuilder } from './directory-view.ts'
import { encodeEntry } from './encoded-entry.ts'
import type { StateEntry } from './directory.ts'
import { compileFilter, True } from './filter-match.ts'
import { Schema } from './schema/schema.ts'

const entriesAtOnce = 200
const testsInTurn = 1000

/**
 * entryUUIDs of the entries that a search of whoever may read everything would find in this state, `memberOf` included: they are
 * all brought into memory as a search has them.
 */
export async function matchingEntries(states: readonly StateEntry[], filter: Filter): Promise<ReadonlySet<string>> {
  const builder = createViewBuilder(new Schema())
  const next = builder.begin(builder.empty)
  for (let at = 0; at < states.length; at += entriesAtOnce) {
    const some = states.slice(at, at + entriesAtOnce)
    await next.add(some.map((state) => [state.entryUUID, encodeEntry(state.read(), builder.layouts)] as const))
  }
  const view = await next.finish()
  const { test } = compileFilter(filter, view, publicAccess)
  const found = new Set<string>()
  let tested = 0
  for (const [entryUUID, slot] of view.slotByUuid) {
    if (test(slot) === True) found.add(entryUUID)
    tested += 1
    if (tested % testsInTurn === 0) await nextTurn()
  }
  return found
}
