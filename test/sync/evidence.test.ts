import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { entraGroupId, entraUserId, fillSmallTenants, oktaUserId, unlimited } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants, type SyncFixture, values } from './sync-fixture.ts'

// What a provider says of a record is obeyed at once, whatever else waits, is paused, undone or fails beside it.

let tenants: SimulatedTenants
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  unlimited(tenants)
  for (let n = 11; n <= 20; n++)
    entra().addUser({ id: entraUserId(n), userPrincipalName: `extra${n}@contoso.example`, displayName: `Extra ${n}` })
})
afterEach(() => tenants.close())

const entra = () => tenants.entra.tenant.directory
const okta = () => tenants.okta.tenant.directory
const entry = (rdn: string) => sync.directory.entryByDn(`${rdn},dc=example,dc=com`)
const uids = (group: string) => values(entry(`cn=${group},ou=groups`), 'memberUid')
const control = (uid: string) => values(entry(`uid=${uid},ou=people`), 'userAccountControl')

/** Over what was served before. */
async function open(providers: readonly object[], settings: object = {}): Promise<void> {
  sync = await openSync({ providers, settings, store: sync.directory.store, clock: sync.clock })
}
async function fresh(providers: readonly object[], settings: object = {}): Promise<void> {
  sync = await openSync({ providers, settings })
}
async function run(id = 'contoso') {
  sync.clock.advance(60_000)
  return await sync.engine.run(id, { trigger: 'test', full: true })
}

describe('while a switch of the primary group waits for approval', () => {
  const settings = { directory: { showInactive: true } }
  const switched = { ...settings, posix: { primaryGroup: { kind: 'private' } } }
  beforeEach(async () => {
    await fresh([entraSettings(tenants)], settings)
    await run()
    await open([entraSettings(tenants)], switched)
    expect(await run()).toMatchObject({ outcome: 'held' })
  })

  test('who is blocked upstream is refused here', async () => {
    entra().updateUser(entraUserId(1), { accountEnabled: false })
    expect(await run()).toMatchObject({ outcome: 'held', counts: { user: { deactivated: 1 } } })
    expect(control('person1')).toEqual(['514'])
  })

  test('who leaves a group upstream leaves it here', async () => {
    entra().removeMember(entraGroupId(1), entraUserId(1))
    await run()
    expect(uids('Inner')).toEqual(['person2', 'person3'])
  })

  test('an approval of it is none of people who would go as well', async () => {
    const [shown] = await sync.engine.plan.show()
    await open([entraSettings(tenants, { filters: { allowUsersInGroups: ['Inner'] } })], switched)
    await run()
    await expect(sync.engine.plan.approve(shown?.hash ?? '', 'root')).rejects.toThrow('show the plan again')
    expect(control('person5')).toEqual(['512'])
  })
})

describe('an undo', () => {
  test('brings nobody back who was blocked in that run, not even when the record is gone by now', async () => {
    await fresh([entraSettings(tenants)])
    await run()
    entra().updateUser(entraUserId(1), { accountEnabled: false })
    entra().updateUser(entraUserId(2), { jobTitle: 'Boss' })
    const bad = await run()
    entra().removeUser(entraUserId(1), 'deleted')
    await run()
    const { skipped } = await sync.engine.control.undo(bad.id, 'root')
    expect(skipped).toEqual([
      { dn: 'uid=person1,ou=people,dc=example,dc=com', reason: 'contoso says that it must not be served' },
    ])
    expect(values(entry('uid=person2,ou=people'), 'title')).toEqual([])
    expect(uids('Inner')).toEqual(['person2', 'person3'])
    await expect(sync.engine.control.undo(bad.id, 'root')).rejects.toThrow('is undone already')
  })

  test('leaves who is shown as inactive inactive, and out of every group', async () => {
    await fresh([entraSettings(tenants)], { directory: { showInactive: true } })
    await run()
    entra().updateUser(entraUserId(1), { accountEnabled: false })
    const bad = await run()
    await sync.engine.control.undo(bad.id, 'root')
    expect(control('person1')).toEqual(['514'])
    expect(uids('Inner')).toEqual(['person2', 'person3'])
  })

  test('gives a group back to those who were in it, whatever they are called by now', async () => {
    entra().addGroup({ id: entraGroupId(9), displayName: 'Admins', mail: 'admins@contoso.example' }, [entraUserId(1)])
    await fresh([entraSettings(tenants)])
    await run()
    entra().removeGroup(entraGroupId(9))
    const bad = await run()
    const swap = (n: number, name: string) =>
      entra().updateUser(entraUserId(n), { userPrincipalName: `${name}@contoso.example` })
    swap(1, 'person2')
    swap(2, 'person1')
    expect(await run()).toMatchObject({ counts: { user: { renamed: 2 } } })
    await sync.engine.control.undo(bad.id, 'root')
    expect(values(sync.directory.entryByUuid(entraUserId(1)), 'uid')).toEqual(['person2'])
    expect(uids('Admins')).toEqual(['person2'])
  })
})

describe('several providers', () => {
  test('a rule of one that cannot be evaluated does not keep people of another from being refused', async () => {
    const broken = entraSettings(tenants, { filters: { selectedGroups: [entraGroupId(1)] } })
    await fresh([broken, oktaSettings(tenants)])
    await run()
    await run('acme')
    entra().removeGroup(entraGroupId(1))
    expect(await run()).toMatchObject({ outcome: 'failed', error: expect.stringContaining('there is no group') })
    okta().setStatus(oktaUserId(1), 'SUSPENDED')
    expect(await run('acme')).toMatchObject({ outcome: 'applied', counts: { user: { deactivated: 1 } } })
    expect(entry('uid=worker1,ou=people')).toBeUndefined()
    expect(entry('uid=person1,ou=people')).toBeDefined()
  })

  test('of one tenant: what the one that can be read says of a record counts', async () => {
    const office = entraSettings(tenants, { id: 'office', type: 'office365', name: 'Office' })
    await fresh([entraSettings(tenants), office])
    await run()
    await run('office')
    entra().updateUser(entraUserId(1), { accountEnabled: false })
    expect(await run('office')).toMatchObject({ counts: { user: { deactivated: 1 } } })
    expect(entry('uid=person1,ou=people')).toBeUndefined()
  })

  test('one that was taken out and comes back is served only once it has been read anew', async () => {
    await fresh([oktaSettings(tenants), entraSettings(tenants)])
    await run()
    await run('acme')
    await open([oktaSettings(tenants)])
    await run('acme')
    await sync.engine.plan.approve('latest', 'root')
    expect(entry('uid=person1,ou=people')).toBeUndefined()
    await open([oktaSettings(tenants), entraSettings(tenants)])
    expect(await run('acme')).toMatchObject({ outcome: 'unchanged' })
    expect(entry('uid=person1,ou=people')).toBeUndefined()
    expect(await sync.engine.run('contoso', { trigger: 'test' })).toMatchObject({ fullBecause: 'first run' })
    expect(entry('uid=person1,ou=people')).toBeDefined()
  })
})

describe('a group that excludes people and becomes empty', () => {
  test('lets them in only with approval, also when a pause or a restart came between', async () => {
    const provider = entraSettings(tenants, { filters: { denyUsersInGroups: ['Inner'] } })
    await fresh([provider])
    await run()
    for (const n of [1, 2, 3]) entra().removeMember(entraGroupId(1), entraUserId(n))
    await sync.engine.control.pause('contoso', { kind: 'administrator', reason: 'moving', by: 'root' })
    await run()
    await expect(sync.engine.plan.approve('latest', 'root')).rejects.toThrow()
    await open([provider])
    expect(await sync.engine.control.resume('contoso', 'root')).toMatchObject({ outcome: 'held' })
    expect(entry('uid=person1,ou=people')).toBeUndefined()
    await sync.engine.plan.approve('latest', 'root')
    expect(entry('uid=person1,ou=people')).toBeDefined()
  })
})

test('a name with characters that nobody sees does not take the place of the one it looks like', async () => {
  await fresh([entraSettings(tenants, { filters: { groupsWithoutEmail: true } })])
  await run()
  entra().addGroup({ id: entraGroupId(0), displayName: 'In\u00adner' }, [entraUserId(5)])
  entra().addGroup({ id: entraGroupId(8), displayName: 'su\u200bdo' }, [entraUserId(5)])
  await run()
  expect(uids('Inner')).toEqual(['person1', 'person2', 'person3'])
  expect(uids('Inner-2')).toEqual(['person5'])
  expect(entry('cn=sudo,ou=groups')).toBeUndefined()
  expect(uids('sudo-2')).toEqual(['person5'])
})
