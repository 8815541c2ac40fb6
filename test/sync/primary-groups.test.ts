import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { entraGroupId, entraUserId, fillSmallTenants } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

let tenants: SimulatedTenants
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
})
afterEach(() => tenants.close())

async function open(primaryGroup: unknown, before?: SyncFixture): Promise<SyncFixture> {
  return await openSync({
    providers: [entraSettings(tenants), oktaSettings(tenants)],
    settings: { posix: { primaryGroup } },
    ...(before ? { store: before.directory.store, clock: before.clock } : {}),
  })
}
const run = (id = 'contoso') => sync.engine.run(id, { trigger: 'test' })
const person = (n: number) => sync.directory.entryByUuid(entraUserId(n))
const group = (cn: string) => sync.directory.entryByDn(`cn=${cn},ou=groups,dc=example,dc=com`)
const gid = (n: number) => values(person(n), 'gidNumber')[0]

describe('a private group', () => {
  beforeEach(async () => {
    sync = await open({ kind: 'private' })
    for (const id of ['contoso', 'acme']) expect(await run(id)).toMatchObject({ outcome: 'applied' })
  })

  test('has the name and number of its user, and nobody shares one', async () => {
    expect(gid(1)).toBe(values(person(1), 'uidNumber')[0])
    expect(values(group('person1'), 'gidNumber')).toEqual([gid(1)])
    expect(values(group('worker3'), 'objectClass')).toContain('posixGroup')
    expect(group('directory-users')).toBeUndefined()
    expect(await run()).toMatchObject({ outcome: 'unchanged' })
  })

  test('follows a rename, and goes with its user', async () => {
    const before = group('person5')?.entryUUID
    tenants.entra.tenant.directory.updateUser(entraUserId(5), { userPrincipalName: 'renamed@contoso.example' })
    tenants.entra.tenant.directory.removeUser(entraUserId(4))
    await run()
    expect(group('renamed')?.entryUUID).toBe(before)
    expect(values(group('renamed'), 'gidNumber')).toEqual([gid(5)])
    expect([group('person5'), group('person4')]).toEqual([undefined, undefined])
  })

  test('stays while the removal of its user is held', async () => {
    for (let n = 1; n <= 5; n++) tenants.entra.tenant.directory.removeUser(entraUserId(n))
    expect(await run()).toMatchObject({ outcome: 'held' })
    expect(values(group('person1'), 'gidNumber')).toEqual([gid(1)])
    await sync.engine.plan.approve('latest', 'root')
    expect(group('person1')).toBeUndefined()
  })

  test('gives its name to no other group, and takes none of a group that was there', async () => {
    const { directory } = tenants.entra.tenant
    directory.addGroup({ id: entraGroupId(8), displayName: 'person1', mail: 'a@contoso.example' })
    directory.addUser({ id: entraUserId(8), userPrincipalName: 'inner@contoso.example' })
    await run()
    const other = sync.directory.entryByUuid(entraGroupId(8))
    expect(values(other, 'cn')).toEqual(['person1-2'])
    expect(values(group('person1'), 'gidNumber')).toEqual([gid(1)])
    expect(values(person(8), 'uid')).toEqual(['inner-2'])
    expect(values(group('Inner'), 'displayName')).toEqual(['Inner'])
    expect((await sync.engine.explain(entraUserId(8)))[0]?.decision?.note).toContain('belongs to a group')
    expect(await run()).toMatchObject({ outcome: 'unchanged' })
  })
})

describe('a source group', () => {
  test('gives its number to the people of its provider; others share one', async () => {
    sync = await open({ kind: 'source', group: 'outer' })
    for (const id of ['contoso', 'acme']) await run(id)
    expect(gid(1)).toBe(values(group('Outer'), 'gidNumber')[0])
    const worker = sync.directory.entryByDn('uid=worker1,ou=people,dc=example,dc=com')
    expect(values(worker, 'gidNumber')).toEqual(values(group('directory-users'), 'gidNumber'))
  })

  test.each([
    ['is missing', 'nowhere', 'has a group "nowhere"'],
    ['is ambiguous', 'Twin', `Name one by id: ${entraGroupId(8)}, ${entraGroupId(9)}`],
    ['is not served', 'Quiet', 'is not served: no e-mail address'],
  ])('that %s fails the run', async (_, name, words) => {
    const { directory } = tenants.entra.tenant
    for (const n of [8, 9])
      directory.addGroup({ id: entraGroupId(n), displayName: 'Twin', mail: 'twin@contoso.example' })
    directory.addGroup({ id: entraGroupId(7), displayName: 'Quiet' })
    sync = await open({ kind: 'source', group: name })
    expect(await run()).toMatchObject({ outcome: 'failed', error: expect.stringContaining(words) })
  })
})

test('the switch from one to the other changes many numbers at once, so it waits for approval', async () => {
  for (let n = 6; n <= 20; n++)
    tenants.entra.tenant.directory.addUser({ id: entraUserId(n), userPrincipalName: `person${n}@contoso.example` })
  sync = await open('directory-users')
  for (const id of ['contoso', 'acme']) await run(id)
  const before = gid(1)
  sync = await open({ kind: 'private' }, sync)
  expect(await run()).toMatchObject({
    outcome: 'held',
    held: [{ provider: 'contoso', reasons: ['20 users would get other numbers at once'] }],
  })
  expect(gid(1)).toBe(before)
  expect(values(group('directory-users'), 'gidNumber')).toEqual([before])
  expect(group('person1')).toBeUndefined()
  await sync.engine.plan.approve('latest', 'root')
  expect(values(group('person1'), 'gidNumber')).toEqual([values(person(1), 'uidNumber')[0]])
  expect(group('directory-users')).toBeUndefined()
})
