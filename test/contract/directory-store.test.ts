import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EntryChange, Generation, RecordChange } from '../../server/directory/directory-store.ts'
import type { AttributeValue } from '../../server/directory/entry.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { contractTime, directoryStoreContract } from './directory-store.ts'
import { collect, generation, person, put, remove, stateOf } from './entry-builder.ts'
import { levelFixture } from './level-fixture.ts'

function memoryFixture() {
  const store = openMemoryStore({ clock: { now: () => new Date(contractTime) } })
  return { store, [Symbol.asyncDispose]: () => store.close() }
}

directoryStoreContract('memory store', { isDurable: false, open: async () => memoryFixture() })
directoryStoreContract('LevelDB store', { isDurable: true, open: () => levelFixture() })
directoryStoreContract('LevelDB store in chunks of 500 bytes', {
  isDurable: true,
  open: () => levelFixture({ chunkBytes: 500 }),
})

const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.constantFrom('a', 'b', 'c'),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }),
)
const attributes = fc.dictionary(
  fc.constantFrom('cn', 'mail', 'description;lang-de', 'jpegPhoto', '__proto__'),
  fc.uniqueArray(value, { maxLength: 4 }),
  { maxKeys: 4, noNullPrototype: true },
)
const entryChange: fc.Arbitrary<EntryChange> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom('a', 'A', 'b', 'c', 'd', 'e', 'f', 'g'), attributes)
      .map(([n, uid, extra]) => put(person(n, uid, extra))),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }).map(remove) },
)
const element = fc.oneof(
  fc.constantFrom('a', 'b', 'ab'),
  fc.string({ unit: 'grapheme', maxLength: 3 }).filter((text) => !text.includes('\0')),
)
const recordChange: fc.Arbitrary<RecordChange> = fc.record({
  collection: fc.constantFrom('mirror', 'cursor', 'meta'),
  key: fc.array(element, { minLength: 1, maxLength: 3 }),
  value: fc.option(
    fc.oneof(
      fc.constantFrom(null, 1, 'text'),
      fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json))),
    ),
    { nil: undefined },
  ),
})
const anyGeneration: fc.Arbitrary<Generation> = fc
  .tuple(fc.array(entryChange, { maxLength: 8 }), fc.array(recordChange, { maxLength: 5 }))
  .map(([entries, records]) => generation(entries, records))

test('LevelDB and memory agree after any sequence of generations and reopenings', async () => {
  const steps = fc.array(
    fc.oneof({ weight: 5, arbitrary: anyGeneration }, { weight: 1, arbitrary: fc.constant('reopen' as const) }),
    { maxLength: 10 },
  )
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(64, 700, 1 << 20), async (sequence, chunkBytes) => {
      await using fixture = await levelFixture({ chunkBytes })
      const memory = memoryFixture().store
      let level = fixture.store
      for (const step of sequence) {
        if (step === 'reopen') {
          level = await fixture.reopen()
          continue
        }
        const [inLevel, inMemory] = await Promise.allSettled([level.commit(step), memory.commit(step)])
        expect(inLevel.status).toBe(inMemory.status)
        if (inLevel.status === 'fulfilled' && inMemory.status === 'fulfilled')
          expect(inLevel.value).toEqual(inMemory.value)
      }
      expect(await stateOf(level.entries())).toEqual(await stateOf(memory.entries()))
      expect(await collect(level.changes(0))).toEqual(await collect(memory.changes(0)))
      for (const collection of ['mirror', 'cursor', 'meta'] as const) {
        expect(await collect(level.list(collection))).toEqual(await collect(memory.list(collection)))
        expect(await collect(level.list(collection, ['a']))).toEqual(await collect(memory.list(collection, ['a'])))
      }
      expect(level.lastChange).toBe(memory.lastChange)
      expect(await level.verify()).toEqual([])
    }),
    { numRuns: process.env['ROSTERD_LONG'] ? 2000 : 60 },
  )
})
