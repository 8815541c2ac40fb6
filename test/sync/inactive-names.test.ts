import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { personNamed } from '../../server/directory/authentication/person-names.ts'
import { createDirectoryReplica } from '../../server/directory/directory-replica.ts'
import { decodeEntry } from '../../server/directory/encoded-entry.ts'
import { fillSmallTenants, oktaUserId } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants } from './sync-fixture.ts'

let tenants: SimulatedTenants
beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
})
afterAll(() => tenants.close())

test('an address means nobody while somebody inactive has it too, before and after, and over a restart', async () => {
  const workers = tenants.okta.tenant.directory
  const sync = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
  const replica = createDirectoryReplica('dc=example,dc=com')
  await sync.directory.follow(replica)
  const named = (name: string, served = replica) => {
    const entry = served.view.entry(personNamed(served, name))
    return entry && decodeEntry(entry).dn.split(',')[0]
  }
  const run = async () => {
    for (const { id } of sync.providers)
      expect(await sync.engine.run(id, { trigger: 'test', full: true })).toMatchObject({ error: null })
  }
  await run()
  expect(named('person1@contoso.example')).toBe('uid=person1')
  expect(named('worker1@acme.example')).toBe('uid=worker1')

  workers.updateProfile(oktaUserId(1), { email: 'Person1@contoso.example' })
  workers.setStatus(oktaUserId(1), 'SUSPENDED')
  await run()
  expect(named('person1@contoso.example')).toBeUndefined()
  expect(named('PERSON1@Contoso.Example ')).toBeUndefined()
  expect(named('worker1@acme.example')).toBeUndefined()
  expect(named('person1')).toBe('uid=person1')
  expect(named('person2@contoso.example')).toBe('uid=person2')
  const later = createDirectoryReplica('dc=example,dc=com')
  await sync.directory.follow(later)
  expect(named('person1@contoso.example', later)).toBeUndefined()

  workers.updateProfile(oktaUserId(1), { email: 'worker1@acme.example' })
  workers.setStatus(oktaUserId(1), 'ACTIVE')
  await run()
  expect(named('person1@contoso.example')).toBe('uid=person1')
  expect(named('worker1@acme.example')).toBe('uid=worker1')
})
