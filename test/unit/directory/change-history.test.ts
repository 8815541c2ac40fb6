import { expect, test } from 'vitest'
import {
  changesOfEntry,
  forgottenMark,
  knownChanges,
  lastChangeUntil,
} from '../../../server/directory/change-history.ts'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'
import { generation, person, put, uuid } from '../../contract/entry-builder.ts'
import { fakeClock } from '../../sync/fake-clock.ts'

const start = '2026-03-01T08:00:00.000Z'
const hour = (n: number) => new Date(Date.parse(start) + n * 3_600_000).toISOString()

/** One change an hour from the start on, two in the second. */
async function hourlyChanges() {
  const clock = fakeClock(start)
  const store = openMemoryStore({ clock })
  for (const entries of [[1], [1, 2], [1], [2], [1]]) {
    const title = [clock.now().toISOString()]
    await store.commit(generation(entries.map((n) => put(person(n, `p${n}`, { title })))))
    clock.advance(3_600_000)
  }
  return { store, now: clock.now() }
}

test('the last change until a time is found, wherever the time lies', async () => {
  const { store, now } = await hourlyChanges()
  const found = []
  for (const at of [-1, 0, 0.5, 1, 2, 3.9, 4, 100])
    found.push(await lastChangeUntil(store, hour(at), await knownChanges(store, now)))
  expect(found).toEqual([0, 1, 1, 3, 4, 5, 6, 6])
})

test('a log from the first change on knows everything', async () => {
  const { store, now } = await hourlyChanges()
  expect(await knownChanges(store, now)).toEqual({ since: null, first: 1 })
  expect(await knownChanges(openMemoryStore(), now)).toEqual({ since: null, first: 1 })
})

test('what is known begins with what was said to be forgotten, or the oldest change where that is older', async () => {
  const { store, now } = await hourlyChanges()
  await store.forgetChanges(hour(1.5))
  expect(await knownChanges(store, now)).toEqual({ since: hour(2), first: 4 })
  await store.commit(generation([], [forgottenMark(hour(1.5))]))
  expect(await knownChanges(store, now)).toEqual({ since: hour(1.5), first: 4 })
  expect(await lastChangeUntil(store, hour(1.7), await knownChanges(store, now))).toBe(3)
  expect(await lastChangeUntil(store, hour(2), await knownChanges(store, now))).toBe(4)
  await store.forgetChanges(hour(50))
  const known = await knownChanges(store, now)
  expect(known).toEqual({ since: hour(1.5), first: 7 })
  expect(await lastChangeUntil(store, hour(9), known)).toBe(6)
})

test('a log that was forgotten whole, and says no more of it, knows the present alone', async () => {
  const { store, now } = await hourlyChanges()
  await store.forgetChanges(hour(50))
  expect(await knownChanges(store, now)).toEqual({ since: now.toISOString(), first: 7 })
})

test('changes of an entry are those of the time, the latest of them when there are many', async () => {
  const { store } = await hourlyChanges()
  const numbers = async (range: Parameters<typeof changesOfEntry>[2]) => {
    const { changes, more } = await changesOfEntry(store, uuid(1), range)
    return [changes.map(({ number }) => number), more]
  }
  expect(await numbers({ limit: 10 })).toEqual([[6, 4, 2, 1], 0])
  expect(await numbers({ limit: 2 })).toEqual([[6, 4], 2])
  expect(await numbers({ limit: 10, since: hour(1), until: hour(2) })).toEqual([[4, 2], 0])
  expect(await numbers({ limit: 1, after: 1 })).toEqual([[6], 2])
})
