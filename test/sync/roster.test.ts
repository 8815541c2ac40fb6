import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { createRoster } from '../../sync/roster/roster.ts'
import { entraUserId, fillSmallTenants, oktaUserId } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants, type SyncFixture } from './sync-fixture.ts'

let tenants: SimulatedTenants
beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  tenants.okta.tenant.directory.updateProfile(oktaUserId(1), { email: 'person1@contoso.example' })
})
afterAll(() => tenants.close())

const rosterOf = (sync: SyncFixture) =>
  createRoster({
    directory: sync.directory,
    settings: () => sync.config.providers,
    tenants: () => new Map(sync.providers.map(({ id, tenant }) => [id, tenant])),
    clock: sync.clock,
  })

async function run(sync: SyncFixture): Promise<void> {
  for (const { id } of sync.providers)
    expect(await sync.engine.run(id, { trigger: 'test', full: true })).toMatchObject({ error: null })
}

test('somebody whom two providers have is one person, as the first of them decides', async () => {
  const linked = oktaSettings(tenants, { linkDomains: ['contoso.example'] })
  const sync = await openSync({ providers: [entraSettings(tenants), linked] })
  const roster = rosterOf(sync)
  const found = async () => [...(await roster.people({ search: 'person1' })).rows()]
  const sources = [`contoso:${entraUserId(1)}`, `acme:${oktaUserId(1)}`]
  for (const _round of ['first', 'second']) {
    await run(sync)
    expect(await found()).toMatchObject([{ provider: 'contoso', status: 'active', isServed: true, sources }])
  }
  tenants.entra.tenant.directory.updateUser(entraUserId(1), { accountEnabled: false })
  await run(sync)
  expect(await found()).toMatchObject([
    { provider: 'contoso', status: 'inactive', rule: 'signInBlocked', isServed: false, sources },
  ])
  expect((await roster.people({ search: '' })).total).toBe(9)
})

test('who is inactive and served all the same is told so', async () => {
  const settings = { directory: { showInactive: true } }
  const sync = await openSync({ providers: [entraSettings(tenants)], settings })
  await run(sync)
  const [person] = (await rosterOf(sync).people({ search: 'person1' })).rows()
  expect(person).toMatchObject({ status: 'inactive', isServed: true, reason: 'sign-in blocked in Entra ID' })
})
