import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'
import { entraGroupId, entraUserId, fillSmallTenants, unlimited } from './small-tenants.ts'
import {
  entraSettings,
  oktaSettings,
  openSync,
  servedEntries,
  startTrustedTenants,
  type SyncFixture,
} from './sync-fixture.ts'

let tenants: SimulatedTenants
let clock: FakeClock
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  unlimited(tenants)
  clock = fakeClock()
  sync = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)], clock })
  await run()
  await run('acme')
})
afterEach(() => tenants.close())

async function run(id = 'contoso', full = false): Promise<RunReport> {
  clock.advance(60_000)
  return await sync.engine.run(id, { trigger: 'test', full })
}

const truth = () => tenants.entra.tenant.directory
const entry = (rdn: string) => sync.directory.entryByDn(`${rdn},dc=example,dc=com`)

/** Entries but for their times, which an undo may move. */
function served() {
  return Object.entries(servedEntries(sync.directory)).map(([dn, { createTimestamp, modifyTimestamp, ...rest }]) => {
    expect([createTimestamp, modifyTimestamp]).toEqual([[expect.any(String)], [expect.any(String)]])
    return [dn, rest]
  })
}

function changeTheTenant(): void {
  truth().removeUser(entraUserId(1))
  truth().updateUser(entraUserId(2), { userPrincipalName: 'other-name@contoso.example', jobTitle: 'Chief' })
  truth().addUser({ id: entraUserId(9), userPrincipalName: 'newcomer@contoso.example', displayName: 'New Comer' })
  truth().updateUser(entraUserId(4), { accountEnabled: false })
  truth().addMember(entraGroupId(3), entraUserId(9))
  truth().updateGroup(entraGroupId(1), { displayName: 'Inner circle' })
}

describe('undo of a run', () => {
  test('is refused once its changes are forgotten', async () => {
    changeTheTenant()
    const bad = await run()
    clock.advance(60_000)
    expect(await sync.directory.store.forgetChanges(clock.now().toISOString())).toBeGreaterThan(0)
    await expect(sync.engine.control.undo(bad.id, 'root')).rejects.toThrow('is too old to be undone')
  })

  test('brings everything back but who is disabled upstream, and pauses the provider', async () => {
    const before = served()
    changeTheTenant()
    const bad = await run()
    expect(bad).toMatchObject({ outcome: 'applied' })
    const undone = await sync.engine.control.undo(bad.id, 'root')
    expect(undone.skipped).toEqual([
      { dn: 'uid=person4,ou=people,dc=example,dc=com', reason: 'contoso says that it must not be served' },
    ])
    const withoutPerson4 = before
      .filter(([dn]) => dn !== 'uid=person4,ou=people,dc=example,dc=com')
      .map(
        (each) =>
          JSON.parse(
            JSON.stringify(each)
              .replaceAll(/("person4"|"uid=person4[^"]*"),?/g, '')
              .replaceAll(',]', ']'),
          ) as unknown,
      )
    expect(JSON.parse(JSON.stringify(served()))).toEqual(withoutPerson4)
    expect([...(await sync.engine.control.paused())]).toMatchObject([['contoso', { kind: 'undo', by: 'root' }]])
  })

  test('is not undone by the next runs: only who is disabled upstream goes meanwhile', async () => {
    changeTheTenant()
    const bad = await run()
    await sync.engine.control.undo(bad.id, 'root')
    const undone = served()
    for (const full of [false, true]) {
      const report = await run('contoso', full)
      expect(report).toMatchObject({ outcome: 'unchanged', paused: { reason: expect.stringContaining('was undone') } })
      expect(report.paused?.changes).toBeGreaterThan(3)
      expect(served()).toEqual(undone)
    }
    truth().updateUser(entraUserId(3), { accountEnabled: false })
    truth().updateUser(entraUserId(4), { accountEnabled: true })
    expect(await run()).toMatchObject({ outcome: 'applied', counts: { user: { deactivated: 1, reactivated: 0 } } })
    expect(entry('uid=person3,ou=people')).toBeUndefined()
    expect(entry('cn=Inner,ou=groups')?.attributes.get('memberUid')).not.toContain('person3')
    // Another provider goes on as ever.
    tenants.okta.tenant.directory.updateProfile('00u00000000000000001', { title: 'Boss' })
    expect(await run('acme')).toMatchObject({ outcome: 'applied', paused: null })
  })

  test('ends with resume, which brings the truth with the ids of before', async () => {
    const number = entry('uid=person2,ou=people')?.attributes.get('uidNumber')
    changeTheTenant()
    const bad = await run()
    const afterRun = served()
    await sync.engine.control.undo(bad.id, 'root')
    await run()
    expect(await sync.engine.control.resume('contoso', 'root')).toMatchObject({ outcome: 'applied', paused: null })
    expect(served()).toEqual(afterRun)
    expect(entry('uid=other-name,ou=people')?.attributes.get('uidNumber')).toEqual(number)
    expect([...(await sync.engine.control.paused())]).toEqual([])
    expect(await run()).toMatchObject({ outcome: 'unchanged' })
  })

  test('is refused for what a later run has changed again, and for a run that changed nothing', async () => {
    truth().updateUser(entraUserId(1), { jobTitle: 'One' })
    const first = await run()
    truth().updateUser(entraUserId(1), { jobTitle: 'Two' })
    const second = await run()
    await expect(sync.engine.control.undo(first.id, 'root')).rejects.toThrow(
      `uid=person1,ou=people,dc=example,dc=com was changed again by the run ${second.id}`,
    )
    const quiet = await run('contoso', true)
    await expect(sync.engine.control.undo(quiet.id, 'root')).rejects.toThrow('changed nothing')
    await expect(sync.engine.control.undo('contoso/2020-01-01T00:00:00.000Z', 'root')).rejects.toThrow(
      'there is no run',
    )
  })

  test('keeps what people have changed themselves since', async () => {
    truth().updateUser(entraUserId(1), { jobTitle: 'One' })
    const bad = await run()
    const person = entry('uid=person1,ou=people')
    if (person === undefined) throw new Error('person1 is served')
    const key = 'ssh-ed25519 AAAA key'
    const attributes = new Map([...person.attributes, ['sshPublicKey', [key]] as const])
    await sync.directory.commit({
      cause: { kind: 'user', id: person.entryUUID },
      entries: [{ type: 'put', entry: { ...person, attributes } }],
      records: [],
    })
    await sync.engine.control.undo(bad.id, 'root')
    expect(entry('uid=person1,ou=people')?.attributes.get('title')).toBeUndefined()
    expect(entry('uid=person1,ou=people')?.attributes.get('sshPublicKey')).toEqual([key])
  })
})

describe('a paused provider', () => {
  test('explains what waits, and is paused once only', async () => {
    await sync.engine.control.pause('contoso', { kind: 'administrator', reason: 'tenant move', by: 'root' })
    truth().addUser({ id: entraUserId(9), userPrincipalName: 'newcomer@contoso.example', displayName: 'New Comer' })
    expect(await run()).toMatchObject({ outcome: 'unchanged', paused: { reason: 'tenant move', changes: 1 } })
    expect(await sync.engine.explain(entraUserId(9))).toMatchObject([
      { decision: { status: 'inactive', rule: 'pause', reason: 'waits until the provider is resumed' } },
    ])
    await expect(
      sync.engine.control.pause('contoso', { kind: 'administrator', reason: 'again', by: 'root' }),
    ).rejects.toThrow('contoso is paused already: tenant move')
    await sync.engine.control.resume('contoso', 'root')
    await expect(sync.engine.control.resume('contoso', 'root')).rejects.toThrow('contoso is not paused')
    expect(entry('uid=newcomer,ou=people')).toBeDefined()
  })

  test('that waits for its first plan to be accepted serves nobody until then', async () => {
    const fresh = await openSync({ providers: [entraSettings(tenants)], clock })
    await fresh.engine.control.pause('contoso', {
      kind: 'preview',
      reason: 'the first plan is not accepted yet',
      by: 'root',
    })
    const report = await fresh.engine.run('contoso', { trigger: 'first' })
    expect(report).toMatchObject({ paused: { changes: 8 }, counts: { user: { added: 0 }, group: { added: 0 } } })
    expect([...fresh.directory.entries()].filter(({ dn }) => dn.startsWith('uid='))).toEqual([])
    expect(await fresh.engine.control.resume('contoso', 'root')).toMatchObject({ counts: { user: { added: 5 } } })
  })
})

describe('one person read anew', () => {
  test('brings record and memberships of that person alone', async () => {
    truth().updateUser(entraUserId(1), { jobTitle: 'One' })
    truth().removeMember(entraGroupId(1), entraUserId(1))
    truth().addMember(entraGroupId(3), entraUserId(1))
    truth().updateUser(entraUserId(2), { jobTitle: 'Two' })
    tenants.entra.tenant.calls.length = 0
    const [report, ...others] = await sync.engine.runPerson('person1', { trigger: 'test' })
    expect(others).toEqual([])
    expect(report).toMatchObject({ provider: 'contoso', mode: 'person', outcome: 'applied', calls: 2 })
    expect(entry('uid=person1,ou=people')?.attributes.get('title')).toEqual(['One'])
    expect(entry('uid=person2,ou=people')?.attributes.get('title')).toBeUndefined()
    expect(entry('cn=Empty,ou=groups')?.attributes.get('memberUid')).toEqual(['person1'])
    expect(entry('cn=Inner,ou=groups')?.attributes.get('memberUid')).toEqual(['person2', 'person3'])
    // The change log of the tenant is not skipped by it.
    expect(await run()).toMatchObject({ mode: 'incremental', outcome: 'applied' })
    expect(entry('uid=person2,ou=people')?.attributes.get('title')).toEqual(['Two'])
  })

  test('finds people nobody has read yet by their sign-in name, and those who are gone', async () => {
    truth().addUser({ id: entraUserId(9), userPrincipalName: 'newcomer@contoso.example', displayName: 'New Comer' })
    expect(await sync.engine.runPerson('newcomer@contoso.example', { trigger: 'test' })).toMatchObject([
      { provider: 'contoso', counts: { user: { added: 1 } } },
    ])
    truth().removeUser(entraUserId(9))
    expect(await sync.engine.runPerson('newcomer', { trigger: 'test' })).toMatchObject([
      { counts: { user: { removed: 1 } } },
    ])
    expect(await sync.engine.runPerson('nobody@contoso.example', { trigger: 'test' })).toEqual([])
  })

  test('of Okta as well: suspended a moment ago, refused now', async () => {
    const workers = tenants.okta.tenant.directory
    workers.setStatus('00u00000000000000001', 'SUSPENDED')
    expect(await sync.engine.runPerson('worker1', { trigger: 'test' })).toMatchObject([
      { provider: 'acme', mode: 'person', counts: { user: { deactivated: 1 } } },
    ])
  })
})

describe('a preview of other settings', () => {
  test('says who and what would change and why, and writes nothing', async () => {
    truth().updateUser(entraUserId(5), { mail: 'five@elsewhere.example' })
    await run()
    const before = served()
    const { config } = await openSync({
      providers: [
        entraSettings(tenants, {
          filters: { allowUsersInGroups: ['Outer'], groupPrefixes: ['in'] },
          attributes: { title: 'Dr. {displayName}' },
        }),
        oktaSettings(tenants),
      ],
    })
    const preview = await sync.engine.preview(config, 'person1')
    expect(preview.providers[0]).toMatchObject({
      provider: 'contoso',
      users: { served: 4, leftOut: [{ rule: 'allowUsersInGroups', reason: 'member of no allowed group', count: 1 }] },
      groups: { served: 1, leftOut: [{ rule: 'groupPrefixes', count: 2 }] },
      caveats: [expect.stringContaining('what is asked for changes')],
    })
    expect(preview.person?.before?.attributes.get('title')).toBeUndefined()
    expect(preview.person?.after?.attributes.get('title')).toEqual(['Dr. Person 1'])
    expect(preview.changes.map(({ action, dn }) => `${action} ${dn}`)).toContain(
      'deactivate uid=person5,ou=people,dc=example,dc=com',
    )
    expect(served()).toEqual(before)
    expect(await run('contoso', true)).toMatchObject({ outcome: 'unchanged' })
  })
})
