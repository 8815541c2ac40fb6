import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { collect } from '../contract/entry-builder.ts'
import { fillSmallTenants } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants } from './sync-fixture.ts'

let tenants: SimulatedTenants
let both: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  both = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
  for (const id of ['contoso', 'acme']) await both.engine.run(id, { trigger: 'test' })
})
afterEach(() => tenants.close())

const people = (sync: SyncFixture, name: string) =>
  [...sync.directory.entries()].filter((entry) => entry.dn.startsWith(`uid=${name}`)).length

test('a provider that is taken out of the configuration keeps its people until that is approved', async () => {
  const sync = await openSync({ providers: [oktaSettings(tenants)], store: both.directory.store, clock: both.clock })
  const report = await sync.engine.run('acme', { trigger: 'test' })
  expect(report).toMatchObject({ outcome: 'held', held: [{ provider: 'contoso' }] })
  expect(report.held[0]?.reasons).toContain('all 5 users of contoso would go')
  expect([people(sync, 'person'), people(sync, 'worker')]).toEqual([5, 5])
  await sync.engine.plan.approve('latest', 'root')
  expect([people(sync, 'person'), people(sync, 'worker')]).toEqual([0, 5])
})

test('what was read of a provider that is taken out of the configuration is forgotten after 30 days', async () => {
  const sync = await openSync({ providers: [oktaSettings(tenants)], store: both.directory.store, clock: both.clock })
  const run = () => sync.engine.run('acme', { trigger: 'test' })
  const kept = async () => {
    const keys = await Promise.all([
      collect(sync.directory.store.list('mirror')),
      collect(sync.directory.store.list('cursor')),
    ])
    return [...new Set(keys.flat().map(({ key }) => key[0]))].toSorted()
  }
  await run()
  await sync.engine.plan.approve('latest', 'root')
  sync.clock.advance(29 * 86_400_000)
  await run()
  expect(await kept()).toEqual(['acme', 'contoso'])
  sync.clock.advance(2 * 86_400_000)
  await run()
  expect(await kept()).toEqual(['acme'])
})

test('a provider about which nothing is known yet keeps its entries and names', async () => {
  const { store } = both.directory
  await store.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: [{ collection: 'cursor', key: ['contoso'], value: undefined }],
  })
  const sync = await openSync({
    providers: [entraSettings(tenants), oktaSettings(tenants)],
    store,
    clock: both.clock,
  })
  const names = async () => {
    const found: unknown[] = []
    for await (const record of store.list('name')) found.push(record)
    return found
  }
  const before = await names()
  expect(await sync.engine.run('acme', { trigger: 'test' })).toMatchObject({ outcome: 'unchanged', held: [] })
  expect(await names()).toEqual(before)
  expect(people(sync, 'person')).toBe(5)
  expect(await sync.engine.run('contoso', { trigger: 'test' })).toMatchObject({ outcome: 'unchanged' })
})

test('a provider that comes later takes no name from anybody', async () => {
  const { directory } = tenants.okta.tenant
  const login = 'person1@acme.example'
  directory.addUser({
    id: '00u00000000000000099',
    created: '2001-01-01T00:00:00.000Z',
    profile: { login, email: login },
  })
  await both.engine.run('acme', { trigger: 'test' })
  const [newcomer] = await both.engine.explain(login)
  expect(newcomer?.decision).toMatchObject({ status: 'active', name: 'person1-2' })
})

test('runs of several providers go one after the other', async () => {
  const order: string[] = []
  const track = (id: string) => ({ trigger: 'test', onProgress: () => void order.push(id) })
  await Promise.all(['contoso', 'acme', 'contoso'].map((id) => both.engine.run(id, track(id))))
  expect(order.filter((id, index) => id !== order[index - 1])).toEqual(['contoso', 'acme', 'contoso'])
})

test('a provider that does not exist is an error that names those that do', async () => {
  await expect(both.engine.run('nobody', { trigger: 'test' })).rejects.toThrow(
    'there is no provider "nobody"; configured are: contoso, acme',
  )
})
