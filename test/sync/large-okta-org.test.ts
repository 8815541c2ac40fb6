import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { oktaGroupId, oktaUserId, unlimited } from './small-tenants.ts'
import { oktaSettings, openSync, startTrustedTenants, type SyncFixture } from './sync-fixture.ts'

/** More than are compared one by one in every run. */
const people = 5001
const presentListing = '/api/v1/users?limit=200'

let tenants: SimulatedTenants
let sync: SyncFixture
let next = 0
beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  const { directory } = tenants.okta.tenant
  for (let n = 0; n < people + 2; n++) {
    const login = `worker${n}@acme.example`
    const profile = { login, email: login, firstName: 'Worker', lastName: String(n) }
    // Who was changed lately is there for sure, and not compared.
    directory.addUser({ id: oktaUserId(n), lastUpdated: '2024-01-01T00:00:00.000Z', profile })
  }
  directory.addGroup({ id: oktaGroupId(1), profile: { name: 'Staff', description: null } }, [0, 1, 2].map(oktaUserId))
  unlimited(tenants)
  sync = await openSync({ providers: [oktaSettings(tenants)] })
  expect(await run()).toMatchObject({ mode: 'full', counts: { user: { added: people + 2 } } })
})
afterAll(() => tenants.close())
beforeEach(() => {
  tenants.okta.tenant.calls.length = 0
})

async function run(): Promise<RunReport> {
  sync.clock.advance(60_000)
  return await sync.engine.run('acme', { trigger: 'test' })
}

/** Deactivates and deletes somebody between two runs: no record of the person tells it. */
function deleteSomebody(): string {
  const id = oktaUserId(next++)
  tenants.okta.tenant.directory.setStatus(id, 'DEPROVISIONED')
  tenants.okta.tenant.directory.removeUser(id)
  return id
}

test('the system log tells who was deleted, and nobody is listed', async () => {
  const id = deleteSomebody()
  expect(await run()).toMatchObject({ mode: 'incremental', outcome: 'applied', counts: { user: { removed: 1 } } })
  const paths = tenants.okta.tenant.calls.map(({ path }) => path)
  expect(paths.filter((path) => path.startsWith('/api/v1/logs?'))).toHaveLength(1)
  expect(paths).not.toContain(presentListing)
  expect(paths).toContain(`/api/v1/users/${id}`)
  expect(await run()).toMatchObject({ mode: 'incremental', outcome: 'unchanged' })
})

test('the listing tells it when the log may not be read', async () => {
  deleteSomebody()
  tenants.okta.tenant.faults.add({ kind: 'forbidden', path: '/api/v1/logs' })
  expect(await run()).toMatchObject({ mode: 'incremental', outcome: 'applied', counts: { user: { removed: 1 } } })
  expect(tenants.okta.tenant.calls.map(({ path }) => path)).toContain(presentListing)
})
