import { afterAll, beforeEach, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { DirectoryStore, Generation } from '../../server/directory/directory-store.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { readOutbox } from '../../sync/reporting/outbox.ts'
import { reportByTime } from '../../sync/reporting/report-watch.ts'
import { entraSettings, openSync, startTrustedTenants, type SyncFixture } from './sync-fixture.ts'

const userId = (n: number) => `a0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const day = 86_400_000
const smtp = { url: 'smtp://127.0.0.1', from: 'rosterd@corp.example', reportTo: ['ops@corp.example'] }

const opened: SimulatedTenants[] = []
afterAll(() => Promise.all(opened.map((tenants) => tenants.close())))

let tenants: SimulatedTenants
let store: DirectoryStore
let generations: Generation[]
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  opened.push(tenants)
  for (let n = 1; n <= 40; n++)
    tenants.entra.tenant.directory.addUser({ id: userId(n), userPrincipalName: `u${n}@contoso.example` })
  generations = []
  const memory = openMemoryStore()
  const commit = (generation: Generation) => {
    generations.push(generation)
    return memory.commit(generation)
  }
  store = { ...memory, commit, lastChange: 0 }
  sync = await openSync({ providers: [entraSettings(tenants)], settings: { smtp }, store })
})

const run = (trigger = 'schedule') => sync.engine.run('contoso', { trigger })
const subjects = async () =>
  (await readOutbox(store)).map(({ item }) => (item.kind === 'mail' ? item.subject : item.kind))
const look = () => reportByTime(sync)
const removeUsers = (from: number, to: number) => {
  for (let n = from; n <= to; n++) tenants.entra.tenant.directory.removeUser(userId(n))
}

test('held changes are reported in the very commit that holds them, once', async () => {
  await run()
  removeUsers(1, 30)
  await run()
  await run()
  expect(await subjects()).toEqual(['Rosterd: 30 changes of Contoso wait for approval'])
  const writing = (collection: string) =>
    generations.filter(({ records }) => records.some((record) => record.collection === collection))
  const [reporting] = writing('outbox')
  expect(reporting?.records.map(({ collection }) => collection)).toEqual(
    expect.arrayContaining(['held', 'outbox', 'provider', 'run']),
  )
})

test('three failures in a row and the recovery are reported once each, with the reason', async () => {
  await run()
  tenants.entra.tenant.faults.add({ kind: 'forbidden', times: 4 })
  for (let n = 0; n < 4; n++) expect((await run()).outcome).toBe('failed')
  expect((await run()).outcome).toBe('unchanged')
  expect(await subjects()).toEqual(['Rosterd: the last 3 syncs of Contoso failed', 'Rosterd: Contoso syncs again'])
  const [{ item } = { item: undefined }] = await readOutbox(store)
  expect(item?.kind === 'mail' && item.text).toContain('contoso: GET /')
})

test('Sync now reports its numbers', async () => {
  await run('manual')
  const [{ item } = { item: undefined }] = await readOutbox(store)
  expect(item).toMatchObject({ subject: expect.stringMatching(/^Rosterd: Contoso synced, \d+ changes$/) })
  expect(item?.kind === 'mail' && item.text).toContain('users: 40 added\n')
})

test('a dry run reports nothing', async () => {
  await sync.engine.run('contoso', { trigger: 'manual', dryRun: true })
  expect(await subjects()).toEqual([])
})

test('a day’s changes come in one digest, and none when nothing changed', async () => {
  await look()
  await run()
  sync.clock.advance(day / 2)
  removeUsers(1, 2)
  await run()
  await look()
  expect(await subjects()).toEqual([])
  sync.clock.advance(day / 2)
  await look()
  expect(await subjects()).toEqual([expect.stringMatching(/^Rosterd: \d+ changes of Contoso in a day$/)])
  const [{ item } = { item: undefined }] = await readOutbox(store)
  expect(item?.kind === 'mail' && item.text).toContain('users: 40 added, 2 removed\n')
  await run()
  sync.clock.advance(day)
  await look()
  expect(await subjects()).toHaveLength(1)
})

test('a provider that is not reached any more is reported as stale once', async () => {
  await run()
  await look()
  sync.clock.advance(day + 1000)
  await look()
  await look()
  expect(await subjects()).toContain('Rosterd: Contoso has not been synced since 2026-03-01T08:00:00.000Z')
  expect((await subjects()).filter((subject) => subject.includes('has not been synced'))).toHaveLength(1)
})

test('a run goes on when it cannot be reported', async () => {
  const failing = {
    ...store,
    list: (collection: Parameters<typeof store.list>[0], prefix?: readonly string[]) => {
      if (collection === 'outbox') throw new Error('disk error')
      return store.list(collection, prefix)
    },
  }
  sync = await openSync({ providers: [entraSettings(tenants)], settings: { smtp }, store: failing })
  expect((await run('manual')).outcome).toBe('applied')
  expect(sync.logged).toContainEqual(expect.objectContaining({ message: 'sync run could not be reported' }))
})
