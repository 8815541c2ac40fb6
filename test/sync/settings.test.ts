import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { entraGroupId, entraUserId, fillSmallTenants, oktaUserId } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

let tenants: SimulatedTenants
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
})
afterEach(() => tenants.close())

async function served(provider: object, settings: object = {}, before?: SyncFixture): Promise<SyncFixture> {
  const kept = before === undefined ? {} : { store: before.directory.store, clock: before.clock }
  const sync = await openSync({ providers: [provider], settings, ...kept })
  const [only] = sync.config.providers
  expect(await sync.engine.run(only?.id ?? '', { trigger: 'test' })).toMatchObject({ error: null })
  return sync
}

const person = (sync: SyncFixture, n: number) => sync.directory.entryByUuid(entraUserId(n))

describe('attributes', () => {
  test('map fields and templates to attributes', async () => {
    tenants.entra.tenant.directory.updateUser(entraUserId(1), {
      department: 'R&D',
      jobTitle: 'Boss',
      employeeId: '4711',
    })
    const sync = await served(
      entraSettings(tenants, {
        attributes: {
          description: '{jobTitle} of {department}',
          roomNumber: 'employeeId',
          loginShell: 'usageLocation',
          uidNumber: 'employeeId',
        },
      }),
    )
    const boss = person(sync, 1)
    expect(values(boss, 'description')).toEqual(['Boss of R&D'])
    expect(values(boss, 'roomNumber')).toEqual(['4711'])
    expect(values(boss, 'uidNumber')).toEqual(['4711'])
    // What is not there leaves the built-in value, and half a template is none.
    expect(values(boss, 'loginShell')).toEqual(['/bin/bash'])
    expect(values(person(sync, 2), 'description')).toEqual([])
  })

  test('give groups their numbers: gidNumber', async () => {
    const groups = tenants.okta.tenant.directory
    groups.addGroup({ id: '00g00000000000000009', profile: { name: 'Numbered', description: null, unixId: '4800' } })
    const sync = await served(oktaSettings(tenants, { attributes: { gidNumber: 'profile.unixId' } }))
    const numbered = sync.directory.entryByDn('cn=Numbered,ou=groups,dc=example,dc=com')
    expect(values(numbered, 'gidNumber')).toEqual(['4800'])
    expect(values(sync.directory.entryByDn('uid=worker1,ou=people,dc=example,dc=com'), 'gidNumber')).not.toEqual([
      '4800',
    ])
  })

  test('keep the first number of the source for ever', async () => {
    const settings = entraSettings(tenants, { attributes: { uidNumber: 'employeeId' } })
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { employeeId: '4711' })
    const first = await served(settings)
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { employeeId: '4712' })
    const second = await served(settings, {}, first)
    expect(values(person(second, 1), 'uidNumber')).toEqual(['4711'])
  })

  test('that nobody can map fail the run, naming the setting', async () => {
    const sync = await openSync({ providers: [entraSettings(tenants, { attributes: { uid: 'mail' } })] })
    expect((await sync.engine.run('contoso', { trigger: 'test' })).error).toContain(
      'contoso: attributes: "uid" cannot be mapped',
    )
  })
})

describe('directory.showInactive', () => {
  test('serves inactive people without shell and groups, and takes them back', async () => {
    const settings = { directory: { showInactive: true } }
    const first = await served(entraSettings(tenants), settings)
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { accountEnabled: false })
    const second = await served(entraSettings(tenants), settings, first)
    const inactive = person(second, 1)
    expect(values(inactive, 'userAccountControl')).toEqual(['514'])
    expect(values(inactive, 'loginShell')).toEqual(['/usr/sbin/nologin'])
    expect(values(inactive, 'shadowExpire')).toEqual(['1'])
    expect(values(second.directory.entryByUuid(entraGroupId(1)), 'memberUid')).toEqual(['person2', 'person3'])
    expect((await second.engine.runs('contoso'))[0]).toMatchObject({ counts: { user: { deactivated: 1, updated: 0 } } })
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { accountEnabled: true })
    const third = await served(entraSettings(tenants), settings, second)
    expect(values(person(third, 1), 'userAccountControl')).toEqual(['512'])
    expect((await third.engine.runs('contoso'))[0]).toMatchObject({ counts: { user: { reactivated: 1 } } })
  })
})

describe('directory.nestedGroups', () => {
  const outer = (sync: SyncFixture) => sync.directory.entryByUuid(entraGroupId(2))
  const inner = (sync: SyncFixture) => sync.directory.entryByUuid(entraGroupId(1))

  test('flatten: people of inner groups are members of outer ones, and inner groups know their parents', async () => {
    const sync = await served(entraSettings(tenants))
    expect(values(outer(sync), 'memberUid')).toEqual(['person1', 'person2', 'person3', 'person4'])
    expect(values(inner(sync), 'memberOf')).toEqual([outer(sync)?.dn])
  })

  test('direct: members are as the provider has them', async () => {
    const sync = await served(entraSettings(tenants), { directory: { nestedGroups: 'direct' } })
    expect(values(outer(sync), 'memberUid')).toEqual(['person4'])
    expect(values(outer(sync), 'member')).toEqual([inner(sync)?.dn, person(sync, 4)?.dn])
    expect(values(inner(sync), 'memberOf')).toEqual([])
  })
})

describe('naming', () => {
  test('onClash "hold" leaves the later one out, with the reason', async () => {
    tenants.entra.tenant.directory.addUser({
      id: entraUserId(8),
      userPrincipalName: 'person1@other.example',
      createdDateTime: '2025-01-01T00:00:00Z',
    })
    const sync = await served(entraSettings(tenants), { naming: { onClash: 'hold' } })
    expect(person(sync, 8)).toBeUndefined()
    expect(await sync.engine.explain('person1@other.example')).toMatchObject([
      { decision: { status: 'inactive', rule: 'onClash', reason: 'the name "person1" belongs to somebody else' } },
    ])
  })

  test('of a provider wins over the general one', async () => {
    const sync = await served(oktaSettings(tenants, { usernameAttribute: 'login', strip: 'none' }))
    const [one] = await sync.engine.explain(oktaUserId(1))
    expect(values(one?.entry, 'uid')).toEqual(['worker1.acme.example'])
  })

  test('reserved adds to the shipped names', async () => {
    const sync = await served(entraSettings(tenants), { naming: { reserved: ['Person3'] } })
    expect(values(person(sync, 3), 'uid')).toEqual(['person3-2'])
  })
})

test('a manager is named by DN when served, and only then', async () => {
  tenants.okta.tenant.directory.updateProfile(oktaUserId(1), { managerId: oktaUserId(2) })
  const first = await served(oktaSettings(tenants))
  const managerOf = async (sync: SyncFixture) => values((await sync.engine.explain(oktaUserId(1)))[0]?.entry, 'manager')
  expect(await managerOf(first)).toEqual(['uid=worker2,ou=people,dc=example,dc=com'])
  tenants.okta.tenant.directory.setStatus(oktaUserId(2), 'SUSPENDED')
  expect(await managerOf(await served(oktaSettings(tenants), {}, first))).toEqual([])
})

test('ids are the same in a store that was lost and filled again', async () => {
  const one = await served(entraSettings(tenants))
  const two = await served(entraSettings(tenants))
  for (let n = 1; n <= 5; n++) expect(values(person(two, n), 'uidNumber')).toEqual(values(person(one, n), 'uidNumber'))
})
