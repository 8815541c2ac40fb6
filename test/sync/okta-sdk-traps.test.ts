import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { fillSmallTenants, oktaGroupId, oktaUserId, unlimited } from './small-tenants.ts'
import { oktaSettings, openSync, startTrustedTenants, type SyncFixture, values } from './sync-fixture.ts'

/*
 * What okta-sdk-nodejs does wrong by itself, each reproduced against a server, must not show in a sync. Refused token
 * requests that the SDK takes for tokens are in okta-oauth.test.ts.
 */

let tenants: SimulatedTenants
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  fillSmallTenants(tenants)
  unlimited(tenants)
})
afterEach(() => tenants.close())

const truth = () => tenants.okta.tenant.directory
const open = (changes: object = {}) => openSync({ providers: [oktaSettings(tenants, changes)] })
const run = (sync: SyncFixture, full = true) => sync.engine.run('acme', { trigger: 'test', full })
const worker1 = (sync: SyncFixture) => sync.directory.entryByDn('uid=worker1,ou=people,dc=example,dc=com')
const mirrored = (sync: SyncFixture, kind: string, id: string) => sync.directory.store.get('mirror', ['acme', kind, id])

describe('the SDK', () => {
  test('keeps single objects for ever: the same person, asked for again, is as the org has it now', async () => {
    const sync = await open()
    await run(sync)
    for (const title of ['One', 'Two']) {
      truth().updateProfile(oktaUserId(1), { title })
      await sync.engine.runPerson('worker1', { trigger: 'test' })
      expect(values(worker1(sync), 'title')).toEqual([title])
    }
  })

  test('never ends for a single object of over 16 kB: such a person is read', async () => {
    const sync = await open({ attributes: { description: 'profile.story' } })
    await run(sync)
    truth().updateProfile(oktaUserId(1), { story: 'x'.repeat(40_000) })
    expect(await sync.engine.runPerson('worker1', { trigger: 'test' })).toMatchObject([
      { outcome: 'applied', error: null },
    ])
    expect(String(values(worker1(sync), 'description')[0])).toHaveLength(40_000)
  })

  test('ends a collection at an empty page: everybody behind it is read', async () => {
    tenants.okta.tenant.faults.add({ kind: 'empty-page', path: '/api/v1/users', times: 3 })
    expect(await run(await open())).toMatchObject({ outcome: 'applied', read: { users: 5, groups: 2 } })
  })

  test('fails on Link headers of over 2,000 characters: long cursors are followed', async () => {
    tenants.okta.tenant.listings.cursorPrefix = 'c'.repeat(3000)
    expect(await run(await open())).toMatchObject({ outcome: 'applied', read: { users: 5, groups: 2 } })
  })

  test('counts its time-out from the first page: a listing may take longer, as long as each page is in time', async () => {
    tenants.okta.tenant.faults.add({ kind: 'slow-body', delayMs: 150, path: '/api/v1/users', times: 20 })
    const report = await run(await open({ requestTimeoutSeconds: 0.4 }))
    expect(report).toMatchObject({ outcome: 'applied', repeats: 0 })
    expect(report.seconds.fetch).toBeGreaterThan(0.4)
  })

  test('has no time-out of its own: a silent org fails the run', async () => {
    tenants.okta.tenant.faults.add({ kind: 'silence', at: 2, times: Number.POSITIVE_INFINITY })
    expect((await run(await open({ requestTimeoutSeconds: 0.1 }))).error).toContain('no answer from Okta')
  })

  test('drops attributes of groups that come from Active Directory: all of them are there', async () => {
    const profile = { name: 'From AD', description: null, objectSid: 'S-1-5-21-1', unixId: '4900' }
    truth().addGroup({ id: oktaGroupId(9), type: 'APP_GROUP', profile })
    const sync = await open({ attributes: { gidNumber: 'profile.unixId' } })
    await run(sync)
    expect(await mirrored(sync, 'group', oktaGroupId(9))).toMatchObject({ record: { profile } })
    const entry = sync.directory.entryByDn('cn=From AD,ou=groups,dc=example,dc=com')
    expect(values(entry, 'gidNumber')).toEqual(['4900'])
  })

  test('makes dates of texts: times are kept as the org writes them, and compare', async () => {
    const sync = await open()
    await run(sync)
    const { lastUpdated } = truth().user(oktaUserId(1))
    expect(await mirrored(sync, 'user', oktaUserId(1))).toMatchObject({
      record: { lastUpdated, passwordChanged: null },
    })
    expect(await run(sync, false)).toMatchObject({ mode: 'incremental', outcome: 'unchanged' })
  })
})
