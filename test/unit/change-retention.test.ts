import { expect, test } from 'vitest'
import { runChangeRetention } from '../../server/change-retention.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { generation, person, put } from '../contract/entry-builder.ts'
import { fakeClock } from '../sync/fake-clock.ts'

test('changes are forgotten after so many days, and later ones are not', async () => {
  const clock = fakeClock()
  const store = openMemoryStore({ clock })
  await store.commit(generation([put(person(1, 'ada'))]))
  clock.advance(2 * 86_400_000)
  await store.commit(generation([put(person(2, 'bob'))]))
  const stopping = new AbortController()
  const logged: object[] = []
  const logger = {
    info: (fields: object) => void logged.push(fields),
    error: (fields: object) => void logged.push(fields),
  }
  const ended = runChangeRetention({ store, days: () => 1, clock, logger }, stopping.signal)
  await expect.poll(() => logged.length).toBe(1)
  stopping.abort()
  await ended
  const kept = []
  for await (const { number } of store.changes(0)) kept.push(number)
  expect([kept, logged]).toEqual([[2], [expect.objectContaining({ changes: 1 })]])
})
