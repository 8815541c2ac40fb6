import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openDirectory } from '../../server/directory/directory.ts'
import type { EntryChange } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { directoryAfter } from '../../server/directory/past-directory.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { generation, person, put, remove, uuid } from '../contract/entry-builder.ts'

const values = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 })
const jpeg = fc.constantFrom([], [Buffer.of(0xff, 1)], [Buffer.of(0xff, 2)])
/** One of few entries, under its own name or another: names never clash. */
const change: fc.Arbitrary<EntryChange> = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 4 }).map((n) => remove(n)), weight: 1 },
  {
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.boolean(), values, jpeg)
      .map(([n, isRenamed, mail, jpegPhoto]) => put(person(n, `p${n}${isRenamed ? 'x' : ''}`, { mail, jpegPhoto }))),
    weight: 4,
  },
)

/** Values without their order. */
function plain({ dn, entryUUID, attributes }: Entry): object {
  const sorted = Array.from(attributes, ([name, list]) => [
    name,
    list.map((value) => Buffer.from(value).toString('latin1')).sort(),
  ])
  return { dn, entryUUID, attributes: Object.fromEntries(sorted) as object }
}

test('every former state is put together from the present one and the log, parents first', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 12 }), async (generations) => {
      await using store = openMemoryStore()
      const directory = await openDirectory(store, 'dc=example,dc=com')
      const states = new Map<number, readonly object[]>()
      const note = () =>
        states.set(store.lastChange, [...directory.entries()].sort((a, b) => (a.dn < b.dn ? -1 : 1)).map(plain))
      note()
      for (const changes of generations) {
        await directory.commit(generation(changes))
        note()
      }
      for (const [number, state] of states) {
        const found = await directoryAfter(directory, number)
        expect(found.map((one) => plain(one.read()))).toEqual(state)
      }
    }),
  )
})

test('what is read of a snapshot stays as it was while the directory changes', async () => {
  await using store = openMemoryStore()
  const directory = await openDirectory(store, 'dc=example,dc=com')
  await directory.commit(generation([put(person(1, 'ada', { mail: ['a'] })), put(person(2, 'bob'))]))
  const states = await directoryAfter(directory, undefined)
  await directory.commit(generation([put(person(1, 'ada', { mail: ['b'] })), remove(2)]))
  expect(states.map((one) => one.read().attributes.get('mail') ?? null)).toEqual([['a'], null])
  expect((await directoryAfter(directory, undefined)).map(({ entryUUID }) => entryUUID)).toEqual([uuid(1)])
})
