import { expect, test } from 'vitest'
import { adminActionChange, adminActions } from '../../server/directory/administrators/admin-actions.ts'
import { knownChanges } from '../../server/directory/change-history.ts'
import { openDirectory } from '../../server/directory/directory.ts'
import { runRetention } from '../../server/retention.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { collect, generation, person, put } from '../contract/entry-builder.ts'
import { fakeClock } from '../sync/fake-clock.ts'

const dayMs = 86_400_000
const cause = { kind: 'server', id: 'test' } as const

async function openedDirectory() {
  const clock = fakeClock()
  const store = openMemoryStore({ clock })
  const directory = await openDirectory(store, 'dc=example,dc=com')
  return { clock, store, directory }
}

/** What a look at what is too old logs. */
async function lookOf(
  { clock, directory }: Awaited<ReturnType<typeof openedDirectory>>,
  retention: { readonly changeLogDays: number; readonly runDays: number },
): Promise<readonly object[]> {
  const stopping = new AbortController()
  const logged: object[] = []
  const log = (fields: object) => void logged.push(fields)
  const once = { now: () => clock.now(), sleep: async () => stopping.abort() }
  const parts = { directory, retention: () => retention, clock: once, logger: { info: log, error: log } }
  await runRetention(parts, stopping.signal)
  return logged
}

test('changes are forgotten after so many days, and later ones are not', async () => {
  const opened = await openedDirectory()
  const { clock, store, directory } = opened
  await directory.commit(generation([put(person(1, 'ada'))]))
  clock.advance(2 * dayMs)
  await directory.commit(generation([put(person(2, 'bob'))]))
  const before = new Date(clock.now().getTime() - dayMs).toISOString()
  const logged = await lookOf(opened, { changeLogDays: 1, runDays: 90 })
  const kept = (await collect(store.changes(0))).map(({ number }) => number)
  expect([kept, logged]).toEqual([[2], [{ changes: 1, before }]])
  expect(await knownChanges(store, clock.now())).toEqual({ since: before, first: 2 })
})

test('runs are forgotten after so many days, also of a provider that has none any more, and what administrators did with the changes', async () => {
  const opened = await openedDirectory()
  const { clock, store, directory } = opened
  const run = (provider: string) =>
    ({ collection: 'run', key: [provider, clock.now().toISOString()], value: { provider } }) as const
  const action = (event: string) =>
    adminActionChange({
      time: clock.now().toISOString(),
      by: 'root',
      address: null,
      event,
      subject: 'ada',
      before: null,
      after: null,
    })
  const note = (event: string, ...providers: readonly string[]) =>
    directory.commit({ cause, entries: [], records: [...providers.map(run), action(event)] })
  await note('first', 'gone', 'contoso')
  clock.advance(3 * dayMs)
  await note('second', 'contoso')
  expect(await lookOf(opened, { changeLogDays: 5, runDays: 3 })).toEqual([])
  clock.advance(dayMs)
  expect(await lookOf(opened, { changeLogDays: 5, runDays: 3 })).toEqual([{ runs: 2, actions: 0 }])
  expect((await collect(store.list('run'))).map(({ key }) => key)).toEqual([['contoso', '2026-03-04T08:00:00.000Z']])
  expect(await adminActions(store)).toHaveLength(2)
  expect(await lookOf(opened, { changeLogDays: 2, runDays: 3 })).toEqual([{ runs: 0, actions: 1 }])
  expect((await adminActions(store)).map(({ event }) => event)).toEqual(['second'])
  expect(await lookOf(opened, { changeLogDays: 2, runDays: 3 })).toEqual([])
})
