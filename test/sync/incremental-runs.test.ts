import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { DirectoryStore } from '../../server/directory/directory-store.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'
import { entraGroupId, entraUserId, fillSmallTenants, oktaGroupId, oktaUserId, unlimited } from './small-tenants.ts'
import {
  entraSettings,
  oktaSettings,
  openSync,
  servedEntries,
  startTrustedTenants,
  type SyncFixture,
} from './sync-fixture.ts'

let tenants: SimulatedTenants
/** The time of the services; undefined: as it is. */
let serviceNow: Date | undefined
let clock: FakeClock
let sync: SyncFixture
beforeEach(async () => {
  serviceNow = undefined
  schedule = {}
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2, now: () => serviceNow ?? new Date() })
  fillSmallTenants(tenants)
  unlimited(tenants)
  clock = fakeClock()
  sync = await open()
  await run('contoso')
  await run('acme')
})
afterEach(() => tenants.close())

/** The guard is not what these tests are about. */
const noGuard = { guard: { maxRemovedShare: 1, maxRemovedCount: 1_000_000, minRemoved: 1_000_000 } }

let schedule = {}

function open(changes: { entra?: object; okta?: object; store?: DirectoryStore } = {}): Promise<SyncFixture> {
  const providers = [
    entraSettings(tenants, { schedule, ...changes.entra }),
    oktaSettings(tenants, { schedule, ...changes.okta }),
  ]
  return openSync({ providers, clock, settings: noGuard, ...(changes.store ? { store: changes.store } : {}) })
}

async function run(id: 'contoso' | 'acme', full = false): Promise<RunReport> {
  clock.advance(60_000)
  return await sync.engine.run(id, { trigger: 'test', full })
}

/** What a server that begins now would hold and serve, but for times. */
async function expectTruth(): Promise<void> {
  const fresh = await open()
  for (const id of ['contoso', 'acme']) await fresh.engine.run(id, { trigger: 'truth' })
  expect(withoutTimes(sync)).toEqual(withoutTimes(fresh))
  expect(await mirrorOf(sync)).toEqual(await mirrorOf(fresh))
}

function withoutTimes({ directory }: SyncFixture) {
  return Object.entries(servedEntries(directory)).map(([dn, { createTimestamp, modifyTimestamp, ...rest }]) => [
    dn,
    rest,
    createTimestamp?.length,
    modifyTimestamp?.length,
  ])
}

/**
 * Without the records as received: a listing spells out nulls that a delta leaves out. Deactivated people of Okta are left
 * out too: that they are deleted as well is noticed by the next full run.
 */
async function mirrorOf({ directory }: SyncFixture): Promise<unknown> {
  const objects: unknown[] = []
  for await (const { key, value } of directory.store.list('mirror')) {
    if (!JSON.stringify(value).includes('DEPROVISIONED')) objects.push([key, { ...(value as object), record: 0 }])
  }
  return objects
}

const entra = () => tenants.entra.tenant.directory
const okta = () => tenants.okta.tenant.directory

describe('Entra: what changed since the last run', () => {
  test('is all that is read, and a quiet run writes no entry, no change and no mirror', async () => {
    const { lastChange } = sync.directory.store
    const before = await mirrorOf(sync)
    tenants.entra.tenant.calls.length = 0
    expect(await run('contoso')).toMatchObject({ outcome: 'unchanged', mode: 'incremental', calls: 2, changesInAll: 0 })
    expect(tenants.entra.tenant.calls.map(({ path }) => path)).toEqual([
      expect.stringContaining('/users/delta'),
      expect.stringContaining('/groups/delta'),
    ])
    expect(sync.directory.store.lastChange).toBe(lastChange)
    expect(await mirrorOf(sync)).toEqual(before)
  })

  test('a full run that finds nothing new says how much it has read', async () => {
    expect(await run('contoso', true)).toMatchObject({
      outcome: 'unchanged',
      mode: 'full',
      read: { users: 5, groups: 3 },
    })
  })

  test.each(['changed', 'deleted'] as const)('people removed as "%s" go, with their memberships', async (reason) => {
    entra().removeUser(entraUserId(1), reason)
    expect(await run('contoso')).toMatchObject({ mode: 'incremental', counts: { user: { removed: 1 } } })
    await expectTruth()
  })

  test('a person who is restored comes back with the same ids and without the old memberships', async () => {
    const before = sync.directory.entryByDn('uid=person1,ou=people,dc=example,dc=com')
    entra().removeUser(entraUserId(1))
    await run('contoso')
    entra().restoreUser(entraUserId(1))
    expect(await run('contoso')).toMatchObject({ mode: 'incremental', counts: { user: { reactivated: 1 } } })
    const after = sync.directory.entryByDn('uid=person1,ou=people,dc=example,dc=com')
    expect(after?.attributes.get('uidNumber')).toEqual(before?.attributes.get('uidNumber'))
    expect(after?.entryUUID).toBe(before?.entryUUID)
    await expectTruth()
  })

  test('somebody blocked upstream is out at once, and a cleared attribute is cleared', async () => {
    entra().updateUser(entraUserId(1), { accountEnabled: false })
    entra().updateUser(entraUserId(2), { mail: null })
    expect(await run('contoso')).toMatchObject({
      mode: 'incremental',
      counts: { user: { deactivated: 1, updated: 1 } },
    })
    await expectTruth()
  })

  test('a large group whose members come on many pages is whole', async () => {
    const newcomers = Array.from({ length: 130 }, (_, index) => entraUserId(100 + index))
    for (const [index, id] of newcomers.entries())
      entra().addUser({ id, userPrincipalName: `new${index}@contoso.example`, displayName: `New ${index}` })
    entra().addGroup({ id: entraGroupId(9), displayName: 'Large', mail: 'large@contoso.example' }, newcomers)
    for (const id of newcomers) entra().addMember(entraGroupId(3), id)
    expect(await run('contoso')).toMatchObject({
      mode: 'incremental',
      counts: { user: { added: 130 }, group: { added: 1 } },
    })
    for (const id of newcomers.slice(0, 60)) entra().removeMember(entraGroupId(3), id)
    expect(await run('contoso')).toMatchObject({ mode: 'incremental' })
    await expectTruth()
  })

  test('a member that is told before its user is served once the user comes', async () => {
    const id = entraUserId(50)
    // Between the two deltas of a run: the group is told, the person only by the next run.
    const addLate = ({ step }: { step: string }) => {
      if (step !== 'users/delta' || entra().users.has(id)) return
      entra().addUser({ id, userPrincipalName: 'late@contoso.example', displayName: 'Late' })
      entra().addMember(entraGroupId(3), id)
    }
    await sync.engine.run('contoso', { trigger: 'test', onProgress: addLate })
    expect(sync.directory.entryByDn('uid=late,ou=people,dc=example,dc=com')).toBeUndefined()
    expect(await sync.directory.store.get('mirror', ['contoso', 'group', entraGroupId(3)])).toMatchObject({
      userIds: [id],
    })
    await run('contoso')
    expect(sync.directory.entryByDn('cn=Empty,ou=groups,dc=example,dc=com')?.attributes.get('member')).toEqual([
      'uid=late,ou=people,dc=example,dc=com',
    ])
    await expectTruth()
  })

  test.each(['410', 'syncStateNotFound', 'resyncRequired'] as const)(
    'that can no longer be told (%s) makes a full run of it',
    async (form) => {
      entra().removeUser(entraUserId(2))
      entra().updateGroup(entraGroupId(1), { displayName: 'Renamed' })
      tenants.entra.tenant.deltas.expireAll(form)
      expect(await run('contoso')).toMatchObject({
        outcome: 'applied',
        mode: 'full',
        fullBecause: 'changes since the last run could not be told',
      })
      await expectTruth()
      expect(await run('contoso')).toMatchObject({ mode: 'incremental' })
    },
  )

  test('is of no use after a setting changed what is asked for', async () => {
    sync = await open({ entra: { attributes: { roomNumber: 'officeLocation' } }, store: sync.directory.store })
    entra().updateUser(entraUserId(1), { officeLocation: 'B 12' })
    expect(await run('contoso')).toMatchObject({ mode: 'full' })
    const entry = sync.directory.entryByDn('uid=person1,ou=people,dc=example,dc=com')
    expect(entry?.attributes.get('roomNumber')).toEqual(['B 12'])
    entra().updateUser(entraUserId(1), { officeLocation: 'C 3' })
    expect(await run('contoso')).toMatchObject({ mode: 'incremental', counts: { user: { updated: 1 } } })
  })
})

describe('Okta: what changed since the last run', () => {
  test('is all that is read: changed people, and members of changed groups', async () => {
    serviceNow = new Date(Date.now() + 3_600_000)
    await run('acme')
    serviceNow = new Date(serviceNow.getTime() + 900_000)
    okta().addMember(oktaGroupId(2), oktaUserId(4))
    tenants.okta.tenant.calls.length = 0
    expect(await run('acme')).toMatchObject({ outcome: 'applied', mode: 'incremental' })
    const members = tenants.okta.tenant.calls.filter(({ path }) => path.includes('/groups/'))
    expect(members.map(({ path }) => path)).toEqual([expect.stringContaining(`/groups/${oktaGroupId(2)}/users`)])
  })

  test('suspended, deactivated and deleted people are out at once, the last even when nobody saw them deactivated', async () => {
    okta().setStatus(oktaUserId(1), 'SUSPENDED')
    okta().setStatus(oktaUserId(2), 'DEPROVISIONED')
    okta().setStatus(oktaUserId(3), 'DEPROVISIONED')
    okta().removeUser(oktaUserId(3))
    expect(await run('acme')).toMatchObject({
      mode: 'incremental',
      counts: { user: { deactivated: 2, removed: 1 } },
    })
    await expectTruth()
  })

  test('a person who is activated again is in the groups that hold the person now', async () => {
    okta().setStatus(oktaUserId(1), 'DEPROVISIONED')
    await run('acme')
    okta().removeMember(oktaGroupId(1), oktaUserId(1))
    okta().group(oktaGroupId(1))
    okta().setStatus(oktaUserId(1), 'ACTIVE')
    expect(await run('acme')).toMatchObject({ mode: 'incremental' })
    await expectTruth()
  })

  test('groups that are new, renamed, gone or have other members', async () => {
    okta().addGroup({ id: oktaGroupId(7), profile: { name: 'Seven', description: null } }, [oktaUserId(1)])
    okta().updateGroup(oktaGroupId(1), { name: 'Staff and friends' })
    okta().addMember(oktaGroupId(1), oktaUserId(5))
    okta().removeGroup(oktaGroupId(2))
    expect(await run('acme')).toMatchObject({ mode: 'incremental', counts: { group: { added: 1, removed: 1 } } })
    await expectTruth()
  })
})

describe('everything is read', () => {
  test('when asked for, when due, and when the clock was set back', async () => {
    expect(await run('contoso', true)).toMatchObject({ mode: 'full', fullBecause: 'asked for' })
    expect(await run('contoso')).toMatchObject({ mode: 'incremental' })
    clock.advance(24 * 3_600_000)
    expect(await run('contoso')).toMatchObject({ mode: 'full', fullBecause: 'every 24 hours' })
    clock.advance(-48 * 3_600_000)
    expect(await run('contoso')).toMatchObject({ mode: 'full' })
    expect(await run('contoso')).toMatchObject({ mode: 'incremental' })
  })
})

describe('any changes, read as they come', () => {
  const operation = fc.record({ kind: fc.nat(11), who: fc.nat(7), group: fc.nat(11), other: fc.nat(7) })
  const scenario = fc.record({
    rounds: fc.array(fc.array(operation, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
    replayedChanges: fc.nat(6),
    repeatsObjects: fc.boolean(),
  })

  test('give what reading everything gives', { timeout: 120_000 }, async () => {
    schedule = { fullHours: 100_000 }
    sync = await open({ store: sync.directory.store })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ rounds, replayedChanges, repeatsObjects }) => {
        Object.assign(tenants.entra.tenant.deltas, { replayedChanges, repeatsObjects })
        for (const operations of rounds) {
          for (const one of operations) change(one)
          for (const id of ['contoso', 'acme'] as const) {
            const report = await run(id)
            expect(report).toMatchObject({ error: null, mode: 'incremental' })
            if (report.outcome === 'held') await sync.engine.plan.approve('latest', 'test')
          }
          await expectTruth()
        }
      }),
      { numRuns: Number(process.env.ROSTERD_LONG ?? 0) > 0 ? 300 : 12 },
    )
  })

  let serial = 0
  const removedTeams = new Set<string>()

  /** One change in both tenants; what cannot be done is left out. People 1 and groups 1 stay, so that no provider is emptied. */
  function change({ kind, who, group, other }: { kind: number; who: number; group: number; other: number }): void {
    serial++
    const [user, member] = [entraUserId(2 + who), entraUserId(1 + other)]
    const [worker, colleague] = [oktaUserId(2 + who), oktaUserId(1 + other)]
    const [team, board] = [entraGroupId(1 + group), oktaGroupId(1 + group)]
    const hasUser = entra().users.has(user)
    const hasWorker = okta().users.has(worker)
    switch (kind) {
      case 0:
        if (entra().deletedUsers.has(user)) entra().restoreUser(user)
        else if (!hasUser)
          entra().addUser({
            id: user,
            userPrincipalName: `born${serial}@contoso.example`,
            displayName: `Born ${serial}`,
          })
        if (!hasWorker) {
          const login = `worker-born${serial}@acme.example`
          okta().addUser({ id: worker, profile: { login, email: login, firstName: 'Born', lastName: String(serial) } })
        }
        break
      case 1:
      case 2:
        if (hasUser) entra().removeUser(user, kind === 1 ? 'changed' : 'deleted')
        if (hasWorker) {
          okta().setStatus(worker, 'DEPROVISIONED')
          okta().removeUser(worker)
        }
        break
      case 3:
        if (hasUser) entra().updateUser(user, { accountEnabled: other % 2 === 0 })
        if (hasWorker)
          okta().setStatus(worker, (['ACTIVE', 'SUSPENDED', 'DEPROVISIONED', 'STAGED'] as const)[other % 4] ?? 'ACTIVE')
        break
      case 4:
        if (hasUser)
          entra().updateUser(user, {
            jobTitle: other % 2 === 0 ? null : `Title ${serial}`,
            mail: other % 3 === 0 ? null : `m${serial}@contoso.example`,
          })
        if (hasWorker) okta().updateProfile(worker, { title: other % 2 === 0 ? null : `Title ${serial}` })
        break
      case 5:
        if (hasUser) entra().updateUser(user, { userPrincipalName: `renamed${serial}@contoso.example` })
        if (hasWorker) okta().updateProfile(worker, { login: `worker-renamed${serial}@acme.example` })
        break
      case 6:
        // Ids are never used again: a group that was removed stays so.
        if (!entra().groups.has(team) && !removedTeams.has(team))
          entra().addGroup(
            { id: team, displayName: `Team ${serial}`, mail: `t${serial}@contoso.example` },
            entra().users.has(member) ? [member] : [],
          )
        if (!okta().groups.has(board))
          okta().addGroup({ id: board, profile: { name: `Board ${serial}`, description: null } })
        break
      case 7:
        if (group > 0 && entra().groups.has(team)) {
          entra().removeGroup(team)
          removedTeams.add(team)
        }
        if (group > 0 && okta().groups.has(board)) okta().removeGroup(board)
        break
      case 8:
        if (entra().groups.has(team))
          entra().updateGroup(team, { displayName: `Named ${serial}`, description: `About ${serial}` })
        if (okta().groups.has(board)) okta().updateGroup(board, { name: `Named ${serial}` })
        break
      case 9:
      case 10:
        if (entra().groups.has(team) && entra().users.has(member)) entra().addMember(team, member)
        if (okta().groups.has(board) && okta().users.has(colleague)) okta().addMember(board, colleague)
        break
      default:
        if (entra().groups.has(team) && other % 3 === 0 && entra().groups.has(entraGroupId(1 + (other % 4))))
          entra().addMember(team, entraGroupId(1 + (other % 4)))
        else if (entra().groups.has(team)) entra().removeMember(team, member)
        if (okta().groups.has(board) && okta().users.has(colleague)) okta().removeMember(board, colleague)
    }
  }
})
