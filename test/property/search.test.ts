import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Access } from '../../server/directory/access-control.ts'
import type { DirectoryView } from '../../server/directory/directory-view.ts'
import { ViewWriter } from '../../server/directory/memory/view-writer.ts'
import type { EntryChange } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { compileFilter, True } from '../../server/directory/filter-match.ts'
import { Schema } from '../../server/directory/schema/schema.ts'
import { candidatesOf, put, slotsFound, uuid, viewAfter, viewOf } from '../builders/directory-view.ts'
import { stateOf } from '../builders/view-state.ts'
import { FilterOracle, type Hidden } from './filter-oracle.ts'
import { anEntryNumber, directory, dns, filter, hidden, scope } from './random-directory.ts'

const accessWithout = ({ attributes, entryUUIDs }: Hidden, view: DirectoryView): Access => ({
  attributes: { allows: (type) => !attributes.has(type.name) },
  canRead: (slot) => !entryUUIDs.has(view.entry(slot)?.entryUUID ?? ''),
  values: undefined,
})
const letters = new Map<number, string>([
  [1, 'T'],
  [0, 'F'],
  [-1, 'U'],
])

test('a filter has the truth value of RFC 4511 for every entry', async () => {
  await fc.assert(
    fc.asyncProperty(
      directory,
      fc.array(filter, { minLength: 1, maxLength: 10 }),
      hidden,
      async (entries, filters, without) => {
        const view = await viewOf(entries)
        const access = accessWithout(without, view)
        const oracle = new FilterOracle(view.schema, entries, without)
        for (const each of filters) {
          const matcher = compileFilter(each, view, access)
          for (const entry of oracle.readable()) {
            const slot = view.slotOfUuid(entry.entryUUID) ?? -1
            expect([entry.dn, letters.get(matcher.test(slot))]).toEqual([entry.dn, oracle.evaluate(each, entry)])
          }
        }
      },
    ),
    { numRuns: 250 },
  )
})

test('a search finds what an evaluation of every entry finds', async () => {
  await fc.assert(
    fc.asyncProperty(directory, filter, scope, fc.nat(), hidden, async (entries, wanted, within, pick, without) => {
      const view = await viewOf(entries)
      const access = accessWithout(without, view)
      const oracle = new FilterOracle(view.schema, entries, without)
      const bases = ['', ...oracle.readable().map(({ dn }) => dn)]
      const baseObject = bases[pick % bases.length] ?? ''
      const slots = slotsFound(view, { filter: wanted, baseObject, scope: within, access })
      expect(new Set(slots.map((slot) => view.entry(slot)?.entryUUID))).toEqual(
        oracle.search(baseObject, within, wanted),
      )
      expect(slots).toEqual([...new Set(slots)].sort((a, b) => a - b))
    }),
    { numRuns: 400 },
  )
})

test('the candidates of a filter are in slot order and miss no entry that it is true for', async () => {
  await fc.assert(
    fc.asyncProperty(
      directory,
      fc.array(filter, { minLength: 1, maxLength: 10 }),
      hidden,
      async (entries, filters, without) => {
        const view = await viewOf(entries)
        for (const each of filters) {
          const matcher = compileFilter(each, view, accessWithout(without, view))
          const candidates = candidatesOf(matcher)
          const matching = [...view.slots()].filter((slot) => matcher.test(slot) === True)
          if (candidates) expect(candidates).toEqual(expect.arrayContaining(matching))
          expect(candidates).toEqual(candidates?.toSorted((a, b) => a - b))
        }
      },
    ),
    { numRuns: 150 },
  )
})

const numbers = [0, 1, 2, 3, 4, 5]

/**
 * What happens to six entries in one step: some stay as they are, the others come, change, move to any name that those leave
 * free, or go, in any order, and may pass through any name before.
 */
const step = fc
  .record({ names: fc.shuffledSubarray(dns, { minLength: 6 }), others: fc.shuffledSubarray(dns, { minLength: 6 }) })
  .chain(({ names, others }) =>
    fc.record({
      wanted: fc.tuple(...numbers.map((n) => fc.option(anEntryNumber(n, names[n] ?? ''), { nil: undefined, freq: 3 }))),
      passing: fc.tuple(...numbers.map((n) => fc.option(anEntryNumber(n, others[n] ?? ''), { nil: undefined }))),
      moving: fc.shuffledSubarray(numbers),
    }),
  )
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type State = readonly (Entry | undefined)[]

function take({ wanted, passing, moving }: Step, before: State): { changes: readonly EntryChange[]; after: State } {
  const staying = before.map((entry, n) => (moving.includes(n) ? undefined : entry))
  const taken = new Set(staying.map((entry) => entry?.dn))
  const moved = wanted.map((entry, n) => (moving.includes(n) && !taken.has(entry?.dn) ? entry : undefined))
  const first = moving.toReversed().flatMap((n) => passing[n] ?? [])
  const last = moving.map((n): EntryChange => {
    const entry = moved[n]
    return entry ? put(entry) : { type: 'delete', entryUUID: uuid(n) }
  })
  return { changes: [...first.map(put), ...last], after: numbers.map((n) => staying[n] ?? moved[n]) }
}

test('a view that came about in many steps says what one made at once says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const schema = new Schema()
      const writer = new ViewWriter(schema)
      let state: State = []
      for (const each of steps) {
        const { changes, after } = take(each, state)
        await viewAfter(writer, changes)
        state = after
      }
      const entries = state.filter((entry) => entry !== undefined)
      expect(stateOf(writer.view)).toEqual(stateOf(await viewOf(entries, schema)))
    }),
    { numRuns: 200 },
  )
})
