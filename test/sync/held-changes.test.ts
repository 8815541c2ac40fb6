import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { StalePlanError } from '../../sync/held-plans.ts'
import { fakeClock } from './fake-clock.ts'
import { entraSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

const userId = (n: number) => `a0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const groupId = (n: number) => `b0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const dayMs = 86_400_000
const population = 100

const opened: SimulatedTenants[] = []
afterAll(() => Promise.all(opened.map((tenants) => tenants.close())))

let tenants: SimulatedTenants
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  opened.push(tenants)
  const { directory } = tenants.entra.tenant
  for (let n = 1; n <= population; n++)
    directory.addUser({ id: userId(n), userPrincipalName: `u${n}@contoso.example`, displayName: `User ${n}` })
  const mail = 'all@contoso.example'
  directory.addGroup(
    { id: groupId(1), displayName: 'All', mail },
    Array.from({ length: population }, (_, n) => userId(n + 1)),
  )
  directory.addGroup(
    { id: groupId(2), displayName: 'Ten', mail },
    Array.from({ length: 10 }, (_, n) => userId(n + 1)),
  )
  sync = await openSync({ providers: [entraSettings(tenants)] })
  expect(await run()).toMatchObject({ outcome: 'applied', counts: { user: { added: population } } })
})

const truth = () => tenants.entra.tenant.directory
const run = () => sync.engine.run('contoso', { trigger: 'test' })
const peopleServed = () => [...sync.directory.entries()].filter((entry) => entry.dn.startsWith('uid=')).length
const membersOf = (cn: string) =>
  values(sync.directory.entryByDn(`cn=${cn},ou=groups,dc=example,dc=com`), 'member').length
const removeUsers = (from: number, to: number) => {
  for (let n = from; n <= to; n++) truth().removeUser(userId(n))
}

describe('absence', () => {
  test('of a few people is applied', async () => {
    removeUsers(91, 100)
    expect(await run()).toMatchObject({ outcome: 'applied', counts: { user: { removed: 10 } }, held: [] })
    expect([peopleServed(), membersOf('All')]).toEqual([90, 90])
  })

  test('of many is held: they stay with their memberships, everything else is applied', async () => {
    removeUsers(90, 100)
    truth().updateUser(userId(1), { jobTitle: 'Boss' })
    truth().updateGroup(groupId(1), { description: 'everybody' })
    const report = await run()
    expect(report).toMatchObject({
      outcome: 'held',
      held: [{ provider: 'contoso', reasons: [expect.stringContaining('11 of 100 users')], discarded: false }],
      counts: { user: { updated: 1, removed: 0 }, group: { updated: 1 } },
    })
    expect([peopleServed(), membersOf('All')]).toEqual([100, 100])
    // Held changes alone change nothing.
    expect(await run()).toMatchObject({ outcome: 'held', changes: [] })
  })

  test('adds up over 24 hours', async () => {
    removeUsers(95, 100)
    expect((await run()).outcome).toBe('applied')
    removeUsers(89, 94)
    expect(await run()).toMatchObject({
      outcome: 'held',
      held: [{ reasons: [expect.stringContaining('after 6 in the last 24 hours')] }],
    })
    sync.clock.advance(dayMs + 1)
    // What waits goes on waiting for approval: time does not give it.
    expect(await run()).toMatchObject({ outcome: 'held', counts: { user: { removed: 0 } } })
    await sync.engine.plan.approve('latest', 'root')
    expect(peopleServed()).toBe(88)
  })

  test('counts for 24 hours only', async () => {
    removeUsers(95, 100)
    expect((await run()).outcome).toBe('applied')
    sync.clock.advance(dayMs + 1)
    removeUsers(89, 94)
    expect(await run()).toMatchObject({ outcome: 'applied', counts: { user: { removed: 6 } } })
  })

  test('that is held is not let go because others came', async () => {
    for (let n = 12; n <= population; n++) truth().updateUser(userId(n), { accountEnabled: false })
    await run()
    removeUsers(1, 6)
    expect((await run()).outcome).toBe('held')
    for (let n = 12; n <= population; n++) truth().updateUser(userId(n), { accountEnabled: true })
    expect(await run()).toMatchObject({ outcome: 'held', counts: { user: { reactivated: 89, removed: 0 } } })
    expect(peopleServed()).toBe(100)
  })

  test('of everybody is held, however few they are', async () => {
    for (let n = 4; n <= population; n++) truth().updateUser(userId(n), { accountEnabled: false })
    expect(await run()).toMatchObject({ outcome: 'applied', counts: { user: { deactivated: 97 } } })
    removeUsers(1, 3)
    expect(await run()).toMatchObject({ outcome: 'held', held: [{ reasons: ['all 3 users of contoso would go'] }] })
    expect(peopleServed()).toBe(3)
  })

  test('of a held person does not free the name', async () => {
    removeUsers(50, 100)
    await run()
    truth().addUser({
      id: userId(200),
      userPrincipalName: 'u50@contoso.example',
      createdDateTime: '2020-01-01T00:00:00Z',
    })
    await run()
    expect(values(sync.directory.entryByUuid(userId(200)), 'uid')).toEqual(['u50-2'])
    expect(values(sync.directory.entryByUuid(userId(50)), 'uid')).toEqual(['u50'])
  })
})

describe('evidence', () => {
  test('is applied at once, for any number of people', async () => {
    for (let n = 1; n <= 60; n++) truth().updateUser(userId(n), { accountEnabled: false })
    expect(await run()).toMatchObject({ outcome: 'applied', counts: { user: { deactivated: 60 } }, held: [] })
    expect([peopleServed(), membersOf('All'), membersOf('Ten')]).toEqual([40, 40, 0])
  })

  test('brings people back with the same ids', async () => {
    const before = values(sync.directory.entryByUuid(userId(7)), 'uidNumber')
    truth().updateUser(userId(7), { accountEnabled: false })
    await run()
    truth().updateUser(userId(7), { accountEnabled: true })
    expect(await run()).toMatchObject({ counts: { user: { reactivated: 1, added: 0 } } })
    expect(values(sync.directory.entryByUuid(userId(7)), 'uidNumber')).toEqual(before)
    expect(values(sync.directory.entryByUuid(userId(7)), 'uid')).toEqual(['u7'])
  })
})

describe('a group', () => {
  test('that loses over half its members keeps them until approved', async () => {
    for (let n = 1; n <= 6; n++) truth().removeMember(groupId(2), userId(n))
    truth().addMember(groupId(2), userId(50))
    const report = await run()
    expect(report).toMatchObject({ outcome: 'held', held: [{ reasons: [expect.stringContaining('lose 6 of 10')] }] })
    expect(membersOf('Ten')).toBe(11)
    await sync.engine.plan.approve('latest', 'root')
    expect(membersOf('Ten')).toBe(5)
  })

  test('that loses half is left alone by the guard', async () => {
    for (let n = 1; n <= 5; n++) truth().removeMember(groupId(2), userId(n))
    expect((await run()).outcome).toBe('applied')
    expect(membersOf('Ten')).toBe(5)
  })
})

describe('renames', () => {
  test('of many are held and then done together', async () => {
    for (let n = 1; n <= 30; n++) truth().updateUser(userId(n), { userPrincipalName: `new${n}@contoso.example` })
    expect(await run()).toMatchObject({ outcome: 'held', held: [{ reasons: ['30 users would be renamed at once'] }] })
    expect(values(sync.directory.entryByUuid(userId(1)), 'uid')).toEqual(['u1'])
    expect(await sync.engine.plan.approve('latest', 'root')).toMatchObject({ counts: { user: { renamed: 30 } } })
    expect(values(sync.directory.entryByUuid(userId(1)), 'uid')).toEqual(['new1'])
    expect(values(sync.directory.entryByDn('cn=Ten,ou=groups,dc=example,dc=com'), 'memberUid')).toContain('new1')
  })

  test('of a few keep ids, move the DN, and follow in the groups', async () => {
    const before = sync.directory.entryByUuid(userId(1))
    const group = sync.directory.entryByDn('cn=Ten,ou=groups,dc=example,dc=com')
    sync.clock.advance(5000)
    truth().updateUser(userId(1), { userPrincipalName: 'u2@contoso.example' })
    truth().updateUser(userId(2), { userPrincipalName: 'u1@contoso.example' })
    expect(await run()).toMatchObject({ counts: { user: { renamed: 2 } } })
    const after = sync.directory.entryByUuid(userId(1))
    expect(after?.dn).toBe('uid=u2,ou=people,dc=example,dc=com')
    expect(values(after, 'uidNumber')).toEqual(values(before, 'uidNumber'))
    expect(values(after, 'createTimestamp')).toEqual(values(before, 'createTimestamp'))
    expect(values(after, 'modifyTimestamp')).not.toEqual(values(before, 'modifyTimestamp'))
    expect(membersOf('Ten')).toBe(10)
    // Two members swapped names: the group is the same set of DNs, and stays as it was.
    expect(sync.directory.entryByDn('cn=Ten,ou=groups,dc=example,dc=com')).toEqual(group)
  })
})

describe('held changes', () => {
  beforeEach(async () => {
    removeUsers(80, 100)
    await run()
  })

  test('are shown, approved by their hash, and then gone', async () => {
    const [held] = await sync.engine.plan.show()
    expect(held?.changes).toHaveLength(21)
    expect(held?.changes[0]).toMatchObject({ action: 'remove', reason: 'no longer in contoso', waits: ['entry'] })
    const report = await sync.engine.plan.approve(held?.hash.slice(0, 12) ?? '', 'root')
    expect(report).toMatchObject({ outcome: 'applied', trigger: 'approve by root', counts: { user: { removed: 21 } } })
    expect(await sync.engine.plan.show()).toEqual([])
    expect([peopleServed(), membersOf('All')]).toEqual([79, 79])
    expect((await run()).outcome).toBe('unchanged')
  })

  test('that were discarded stay held, and are asked about again only when they change', async () => {
    await sync.engine.plan.discard('latest', 'root')
    expect(await run()).toMatchObject({ outcome: 'unchanged', held: [{ discarded: true }] })
    expect(peopleServed()).toBe(100)
    removeUsers(79, 79)
    expect(await run()).toMatchObject({ outcome: 'held', held: [{ discarded: false }] })
  })

  test('that are others by now cannot be approved', async () => {
    const [shown] = await sync.engine.plan.show()
    removeUsers(79, 79)
    await run()
    await expect(sync.engine.plan.approve(shown?.hash ?? '', 'root')).rejects.toThrow(StalePlanError)
    expect(peopleServed()).toBe(100)
  })

  test('vanish when the people are back', async () => {
    for (let n = 80; n <= 100; n++) truth().restoreUser(userId(n))
    expect((await run()).held).toEqual([])
    expect(await sync.engine.plan.show()).toEqual([])
  })
})

describe('rules', () => {
  const reopened = async (filters: object) => {
    sync = await openSync({
      providers: [entraSettings(tenants, { filters })],
      store: sync.directory.store,
      clock: sync.clock,
    })
  }

  test('that put out many people at once are held as well', async () => {
    await reopened({ allowUsersInGroups: ['Ten'] })
    expect(await run()).toMatchObject({ outcome: 'held', counts: { user: { deactivated: 0 } } })
    await sync.engine.plan.approve('latest', 'root')
    expect(peopleServed()).toBe(10)
  })

  test('whose excluded group becomes empty let nobody in without approval', async () => {
    await reopened({ denyUsersInGroups: ['Ten'] })
    // The group itself loses all ten.
    expect(await run()).toMatchObject({ outcome: 'held' })
    await sync.engine.plan.approve('latest', 'root')
    expect(peopleServed()).toBe(90)
    for (let n = 1; n <= 10; n++) truth().removeMember(groupId(2), userId(n))
    for (let again = 0; again < 2; again++) {
      expect(await run()).toMatchObject({ outcome: 'held', held: [{ reasons: [expect.stringContaining('"Ten"')] }] })
      expect(peopleServed()).toBe(90)
    }
    await sync.engine.plan.approve('latest', 'root')
    expect(peopleServed()).toBe(100)
  })

  test('mean the group that had the name at first: renamed it is still meant, and another of its name is not', async () => {
    await reopened({ allowUsersInGroups: ['Ten'] })
    await run()
    await sync.engine.plan.approve('latest', 'root')
    truth().updateGroup(groupId(2), { displayName: 'Ten people' })
    truth().addGroup({ id: groupId(77), displayName: 'Ten', mail: 'ten@elsewhere.example' }, [userId(50)])
    expect(await run()).toMatchObject({ error: null })
    expect(peopleServed()).toBe(10)
    expect(sync.directory.entryByUuid(userId(50))).toBeUndefined()
    truth().removeGroup(groupId(2))
    expect((await run()).error).toBe(
      `contoso: filters.allowUsersInGroups: the group "Ten" is gone (it was ${groupId(2)}; another group has that name now, ${groupId(77)}). Name the group that is meant by its id.`,
    )
    expect(peopleServed()).toBe(10)
    await reopened({ allowUsersInGroups: [groupId(77)] })
    expect((await run()).error).toBeNull()
  })

  test('whose group is missing fail the run and change nothing', async () => {
    await reopened({ denyUsersInGroups: ['Nowhere'] })
    expect(await run()).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('there is no group "Nowhere"'),
    })
    expect(peopleServed()).toBe(100)
  })
})

describe('a group that something here depends on', () => {
  const smallGroup = 'cn=Three,ou=groups,dc=example,dc=com'
  const withThree = async (settings: object) => {
    truth().addGroup({ id: groupId(3), displayName: 'Three', mail: 'three@contoso.example' }, [1, 2, 3].map(userId))
    await run()
    const { store } = sync.directory
    sync = await openSync({ providers: [entraSettings(tenants)], settings, store, clock: sync.clock })
  }
  const emptyThree = () => [1, 2, 3].forEach((n) => truth().removeMember(groupId(3), userId(n)))

  test('such as a sudo rule does not lose its last members without approval', async () => {
    await withThree({})
    const attributes = new Map([
      ['objectClass', ['top', 'sudoRole']],
      ['cn', ['admins']],
      ['sudoUser', ['%three']],
    ])
    const rule = {
      dn: 'cn=admins,ou=sudoers,dc=example,dc=com',
      entryUUID: '7c0d5f6e-3a43-4f0f-9d49-0f3f6d1f2a11',
      attributes,
    }
    const entries = [{ type: 'put', entry: rule } as const]
    await sync.directory.commit({ cause: { kind: 'admin', id: 'test' }, entries, records: [] })
    emptyThree()
    const reasons = [`${smallGroup}, which the sudo rule ${rule.dn} names, would have no member left`]
    expect(await run()).toMatchObject({ outcome: 'held', held: [{ reasons }] })
    expect(membersOf('Three')).toBe(3)
    truth().removeGroup(groupId(3))
    expect(await run()).toMatchObject({
      outcome: 'held',
      held: [{ reasons: [`${smallGroup}, which the sudo rule ${rule.dn} names, would go`] }],
    })
    await sync.engine.plan.approve('latest', 'root')
    expect(sync.directory.entryByDn(smallGroup)).toBeUndefined()
  })

  test('or the scope of a binder neither; evidence empties it at once', async () => {
    const scope = { subtrees: ['ou=people,dc=example,dc=com'], filter: `(&(uid=*)(memberOf=${smallGroup}))` }
    await withThree({ binders: [{ name: 'vpn', password: 'a-password-for-tests', scope }] })
    emptyThree()
    expect(await run()).toMatchObject({
      outcome: 'held',
      held: [{ reasons: [`${smallGroup}, which the scope of the binder vpn names, would have no member left`] }],
    })
    for (const n of [1, 2, 3]) truth().addMember(groupId(3), userId(n))
    expect(await run()).toMatchObject({ outcome: 'unchanged' })
    for (const n of [1, 2, 3]) truth().updateUser(userId(n), { accountEnabled: false })
    expect(await run()).toMatchObject({ outcome: 'applied', counts: { user: { deactivated: 3 } } })
    expect(membersOf('Three')).toBe(0)
  })
})

describe('a dry run', () => {
  test('tells what a run would do and writes nothing at all', async () => {
    removeUsers(1, 2)
    truth().updateUser(userId(3), { jobTitle: 'Boss' })
    const clock = fakeClock()
    const store = openMemoryStore({ clock })
    const empty = await openSync({ providers: [entraSettings(tenants)], store, clock })
    expect(await empty.engine.run('contoso', { trigger: 'test', dryRun: true })).toMatchObject({
      outcome: 'applied',
      counts: { user: { added: 98 } },
    })
    expect([...empty.directory.entries()]).toEqual([])
    expect(await empty.engine.runs('contoso')).toEqual([])
    expect(await store.get('cursor', ['contoso'])).toBeUndefined()
    const report = await sync.engine.run('contoso', { trigger: 'test', dryRun: true })
    expect(report).toMatchObject({ counts: { user: { removed: 2, updated: 1 } } })
    expect(peopleServed()).toBe(100)
  })
})

test('a run that a stop of the process cut off is marked', async () => {
  const { store } = sync.directory
  const [last] = await sync.engine.runs('contoso')
  const cut = { ...last, started: '2026-03-01T09:00:00.000Z', outcome: 'running' }
  await store.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: [{ collection: 'run', key: ['contoso', cut.started], value: JSON.parse(JSON.stringify(cut)) }],
  })
  expect(await sync.engine.markInterruptedRuns()).toBe(1)
  expect((await sync.engine.runs('contoso'))[0]).toMatchObject({ outcome: 'interrupted' })
  expect(await sync.engine.markInterruptedRuns()).toBe(0)
})

test('runs are kept for retention.runDays', async () => {
  sync.clock.advance(89 * dayMs)
  await run()
  expect(await sync.engine.runs('contoso')).toHaveLength(2)
  sync.clock.advance(2 * dayMs)
  await run()
  expect((await sync.engine.runs('contoso')).map(({ started }) => started.slice(0, 10))).toEqual([
    '2026-05-31',
    '2026-05-29',
  ])
})
