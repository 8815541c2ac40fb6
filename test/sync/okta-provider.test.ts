import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { fillSmallTenants, oktaGroupId, oktaUserId } from './small-tenants.ts'
import { oktaSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

let tenants: SimulatedTenants
let clock: FakeClock
beforeEach(async () => {
  clock = fakeClock()
  // One clock for both sides: rate-limit windows end when the engine has slept.
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2, now: () => clock.now() })
  fillSmallTenants(tenants)
})
afterEach(() => tenants.close())

const tenant = () => tenants.okta.tenant
const open = (changes: object = {}) => openSync({ providers: [oktaSettings(tenants, changes)], clock })
const run = (sync: SyncFixture) => sync.engine.run('acme', { trigger: 'test' })
const people = (sync: SyncFixture) =>
  [...sync.directory.entries()].filter((entry) => entry.dn.startsWith('uid=')).map((entry) => values(entry, 'uid')[0])

test.each([
  ['STAGED', false],
  ['PROVISIONED', true],
  ['ACTIVE', true],
  ['RECOVERY', true],
  ['PASSWORD_EXPIRED', true],
  ['LOCKED_OUT', true],
  ['SUSPENDED', false],
  ['DEPROVISIONED', false],
] as const)('a person who is %s: served %s', async (status, served) => {
  tenant().directory.setStatus(oktaUserId(1), status)
  const sync = await open()
  await run(sync)
  expect(people(sync).includes('worker1')).toBe(served)
  const [staff] = (await sync.engine.explain('Staff')).map(({ entry }) =>
    values(entry, 'memberUid').includes('worker1'),
  )
  expect(staff).toBe(served)
})

describe('reading', () => {
  test('follows every page, empty ones too', async () => {
    tenant().faults.add({ kind: 'empty-page', times: 4 })
    const sync = await open()
    expect(await run(sync)).toMatchObject({ outcome: 'applied', read: { users: 5, groups: 2 } })
  })

  test('begins a listing again when its cursor has expired', async () => {
    tenant().faults.add({ kind: 'expired-page-token', path: 'after=' })
    const sync = await open()
    expect(await run(sync)).toMatchObject({ error: null, read: { users: 5 } })
  })

  test('never asks for more than 200 in a page', async () => {
    const sync = await open()
    await run(sync)
    for (const { path } of tenant().calls) expect(Number(/limit=(\d+)/.exec(path)?.[1])).toBeLessThanOrEqual(200)
  })

  test('leaves the members of Everyone alone unless the group is selected', async () => {
    tenant().directory.addGroup({
      id: oktaGroupId(9),
      type: 'BUILT_IN',
      profile: { name: 'Everyone', description: null },
    })
    const sync = await open()
    await run(sync)
    expect(tenant().calls.some((call) => call.path.includes(`${oktaGroupId(9)}/users`))).toBe(false)
    const selected = await open({ filters: { selectedGroups: ['Everyone'] } })
    await run(selected)
    expect(tenant().calls.some((call) => call.path.includes(`${oktaGroupId(9)}/users`))).toBe(true)
  })

  test('takes a group that is gone between two requests for removed', async () => {
    tenant().faults.add({ kind: 'not-found', path: `/groups/${oktaGroupId(1)}/users` })
    expect(await run(await open())).toMatchObject({ error: null, read: { groups: 1 } })
  })
})

describe('the rate limit', () => {
  test('is waited for when it is used up, by the headers alone', async () => {
    tenant().rateLimits.perMinute.users = 2
    const sync = await open()
    const report = await run(sync)
    expect(report).toMatchObject({ outcome: 'applied', read: { users: 5 } })
    expect(clock.sleeps.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(20_000)
  })

  test('is not reached when the calls can be spread', async () => {
    tenant().rateLimits.perMinute.users = 20
    for (let used = 0; used < 18; used++) tenant().rateLimits.count('users')
    const report = await run(await open())
    expect(report).toMatchObject({ outcome: 'applied', throttles: 0 })
    expect(clock.sleeps.length).toBeGreaterThan(0)
  })
})

describe('a set-up mistake is one clear sentence', () => {
  test('revoked token', async () => {
    tenant().apiTokens.clear()
    expect((await run(await open())).error).toMatch(
      /^acme: GET \/api\/v1\/users: the API token is invalid, .* \(401 E0000011\)\. Make a new token/,
    )
  })

  test('no token', async () => {
    expect((await run(await open({ apiToken: null }))).error).toContain(
      'acme: sign-in: neither apiToken nor oauth is configured',
    )
  })

  test('a host that does not answer', async () => {
    expect((await run(await open({ orgUrl: 'https://localhost:1' }))).error).toMatch(/no answer from Okta\. Check/)
  })
})
