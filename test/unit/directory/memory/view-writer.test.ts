import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noAccountValues } from '../../../../server/directory/account-attributes.ts'
import { DirectoryView } from '../../../../server/directory/directory-view.ts'
import type { Entry } from '../../../../server/directory/entry.ts'
import { LayoutTable } from '../../../../server/directory/entry-layout.ts'
import { Arena, offsetOf, slabNumberOf } from '../../../../server/directory/memory/arena.ts'
import { updatedView } from '../../../../server/directory/memory/view-update.ts'
import { ViewWriter } from '../../../../server/directory/memory/view-writer.ts'
import { Schema } from '../../../../server/directory/schema/schema.ts'
import { uuid, viewOf } from '../../../builders/directory-view.ts'
import { stateOf } from '../../../builders/view-state.ts'

test('an arena keeps what is not released, and forgets slabs that hold nothing', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.boolean()), { minLength: 1, maxLength: 200 }),
      (records) => {
        const arena = new Arena(256)
        const live = new Map<number, number>()
        const numbers = new Set<number>()
        for (const [at, [words, isKept]] of records.entries()) {
          const { slab, offset, address } = arena.reserve(words * 4)
          expect(live.has(address)).toBe(false)
          expect([slabNumberOf(address) <= arena.lastSlab, offsetOf(address)]).toEqual([true, offset])
          slab.words.fill(at, offset / 4, offset / 4 + words)
          numbers.add(slabNumberOf(address))
          live.set(address, at)
          if (isKept) continue
          const [oldest = address] = live.keys()
          arena.release(oldest, (records[live.get(oldest) ?? 0]?.[0] ?? 0) * 4)
          live.delete(oldest)
          for (const number of arena.dropEmpty().numbers) numbers.delete(number)
        }
        for (const [address, at] of live) {
          const start = offsetOf(address) / 4
          const words = arena.slab(slabNumberOf(address))?.words.subarray(start, start + (records[at]?.[0] ?? 0))
          expect([...(words ?? [])].every((word) => word === at) && words !== undefined).toBe(true)
        }
        expect(new Set(arena.slabsAfter(-1).map(([number]) => number))).toEqual(numbers)
      },
    ),
  )
})

const names = ['a', 'b', 'c', 'd', 'é', 'Ж', 'large'].map((name) => `uid=${name},dc=x`)
const value = fc.constantFrom('Ada', 'ada', 'é', '', '日本', 'x'.repeat(300))
/** Some entries are larger than a slab. */
const attributes = fc
  .dictionary(
    fc.constantFrom('cn', 'cn;lang-de', 'member', 'uid', 'x-own', 'objectClass'),
    fc.array(value, { minLength: 1, maxLength: 3 }),
  )
  .chain((some) => fc.constantFrom(some, some, some, { ...some, description: ['y'.repeat(3000)] }))
const commit = fc.record({
  changes: fc.array(fc.tuple(fc.nat(names.length - 1), fc.nat(2), fc.option(attributes, { freq: 4 })), {
    maxLength: 12,
  }),
  isDiscarded: fc.nat(4).map((n) => n === 0),
})

/** A copy as another thread has it: with a schema and layouts of its own, and what it is sent is cloned. */
function copyOf(writer: ViewWriter) {
  const schema = new Schema()
  const layouts = new LayoutTable(schema)
  const take = (view: DirectoryView, update: ReturnType<ViewWriter['whole']>) =>
    updatedView(view, structuredClone(update), layouts)
  return { take, view: take(DirectoryView.empty(schema, layouts.all, noAccountValues), writer.whole()) }
}

test('views follow each other through small slabs: here, in copies that began at any time, and in those of the past', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(commit, { minLength: 1, maxLength: 40 }), fc.nat(39), async (commits, joining) => {
      const writer = new ViewWriter(new Schema(), noAccountValues, new Arena(2048))
      const first = copyOf(writer)
      const copies = [first]
      let present = new Map<number, Entry>()
      const past: { view: DirectoryView; state: ReturnType<typeof stateOf> }[] = []
      for (const [at, { changes, isDiscarded }] of commits.entries()) {
        if (at === joining) copies.push(copyOf(writer))
        const draft = writer.begin()
        const after = new Map(present)
        for (const [n, incarnation, some] of changes) {
          const before = after.get(n)
          const entryUUID = uuid(n + incarnation * 100)
          if (before && (some === null || before.entryUUID !== entryUUID)) draft.delete(before.entryUUID)
          if (some === null) after.delete(n)
          else {
            const entry = { dn: names[n] ?? '', entryUUID, attributes: new Map(Object.entries(some)) }
            draft.put(entry)
            after.set(n, entry)
          }
        }
        if (isDiscarded) {
          draft.discard()
          continue
        }
        present = after
        const next = await draft.finish()
        writer.show(next)
        for (const copy of copies) copy.view = copy.take(copy.view, next.update)
        const state = stateOf(writer.view)
        for (const copy of copies) expect(stateOf(copy.view)).toEqual(state)
        if (at % 10 === 0) past.push({ view: first.view, state }, { view: writer.view, state })
      }
      expect(stateOf(writer.view)).toEqual(stateOf(await viewOf([...present.values()])))
      for (const { view, state } of past) expect(stateOf(view)).toEqual(state)
    }),
    { numRuns: process.env['ROSTERD_LONG'] === '1' ? 5000 : 60 },
  )
})
