import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { isUuid } from '../../sync/name-based-uuid.ts'
import { fillSmallTenants } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants } from './sync-fixture.ts'

let tenants: SimulatedTenants
beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
})
afterAll(() => tenants[Symbol.asyncDispose]())
beforeEach(() => {
  for (const { tenant } of [tenants.entra, tenants.okta]) tenant.calls.length = 0
})

test.each([
  ['contoso', () => entraSettings(tenants), () => tenants.entra.tenant, '/users/delta'],
  ['acme', () => oktaSettings(tenants), () => tenants.okta.tenant, '/users'],
] as const)('%s: a run has one id in its lines of the log and in its calls', async (id, settings, tenant, path) => {
  const { engine, logged } = await openSync({ providers: [settings()] })
  tenant().faults.add({ kind: 'server-error', path })
  const { id: runId, outcome } = await engine.run(id, { trigger: 'test' })
  expect(outcome).toBe('applied')
  const lines = logged.filter((line): line is { message: string; requestId: string } => 'runId' in line)
  expect(lines.map(({ message }) => message)).toEqual(['provider call is made again', 'sync run'])
  const requestId = lines[0]?.requestId ?? ''
  expect(isUuid(requestId)).toBe(true)
  expect(lines).toMatchObject([
    { runId, requestId, provider: id, call: expect.stringContaining('/users') as string },
    { runId, requestId },
  ])
  const ofListings = tenant().calls.filter((call) => !call.path.includes('/token') && !call.path.includes('openid'))
  expect(new Set(ofListings.map((call) => call.requestId))).toEqual(new Set([requestId]))
})
