import { expect, test } from 'vitest'
import { runChangeRetention } from '../../server/change-retention.ts'
import { knownChanges } from '../../server/directory/change-history.ts'
import { openDirectory } from '../../server/directory/directory.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { generation, person, put } from '../contract/entry-builder.ts'
import { manualClock } from '../sync/fake-clock.ts'

test('changes are forgotten after so many days, and later ones are not', async () => {
  const clock = manualClock()
  const store = openMemoryStore({ clock })
  const directory = await openDirectory(store, 'dc=example,dc=com')
  await directory.commit(generation([put(person(1, 'ada'))]))
  await clock.pass(2 * 86_400_000)
  await directory.commit(generation([put(person(2, 'bob'))]))
  const before = new Date(clock.now().getTime() - 86_400_000).toISOString()
  const stopping = new AbortController()
  const logged: object[] = []
  const logger = {
    info: (fields: object) => void logged.push(fields),
    error: (fields: object) => void logged.push(fields),
  }
  const ended = runChangeRetention({ directory, days: () => 1, clock, logger }, stopping.signal)
  await expect.poll(() => logged.length).toBe(1)
  stopping.abort()
  await ended
  const kept = []
  for await (const { number } of store.changes(0)) kept.push(number)
  expect([kept, logged]).toEqual([[2], [expect.objectContaining({ changes: 1, before })]])
  expect(await knownChanges(store, clock.now())).toEqual({ since: before, first: 2 })
})
