import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { entraGroupId, entraUserId, fillSmallTenants, oktaGroupId, oktaUserId, unlimited } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants, type SyncFixture } from './sync-fixture.ts'

/*
 * Every rule with every kind of cloud provider, over HTTPS and the real SDKs. docs/sync.md lists these tests by name. People
 * are numbered 1 to 5; "Team" has 1 to 3 and "Board" has 5, with addresses where groups can have some.
 */

interface Vendor {
  readonly kind: 'entra' | 'office365' | 'okta'
  settings(changes: object): object
  userId(n: number): string
  groupId(n: number): string
  /** Address of person n at this domain, as mail and sign-in name. */
  move(n: number, domain: string): void
  block(n: number): void
  join(n: number, group: number): void
  leave(n: number, group: number): void
  renameGroup(group: number, name: string): void
}

let tenants: SimulatedTenants
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  unlimited(tenants)
  const people = entra()
  people.updateGroup(entraGroupId(1), { displayName: 'Team' })
  people.removeGroup(entraGroupId(2))
  people.updateGroup(entraGroupId(3), { displayName: 'Board' })
  people.addMember(entraGroupId(3), entraUserId(5))
  okta().updateGroup(oktaGroupId(1), { name: 'Team' })
})
afterEach(() => tenants.close())

const entra = () => tenants.entra.tenant.directory
const okta = () => tenants.okta.tenant.directory

const microsoft = (kind: 'entra' | 'office365'): Vendor => {
  const groupIds = [0, 1, 3]
  return {
    kind,
    settings: (changes) => entraSettings(tenants, { id: 'cloud', type: kind, ...changes }),
    userId: entraUserId,
    groupId: (n) => entraGroupId(groupIds[n] ?? 0),
    move: (n, domain) => {
      const address = `person${n}@${domain}`
      entra().updateUser(entraUserId(n), { userPrincipalName: address, mail: address })
    },
    block: (n) => entra().updateUser(entraUserId(n), { accountEnabled: false }),
    join: (n, group) => entra().addMember(entraGroupId(groupIds[group] ?? 0), entraUserId(n)),
    leave: (n, group) => entra().removeMember(entraGroupId(groupIds[group] ?? 0), entraUserId(n)),
    renameGroup: (group, name) => entra().updateGroup(entraGroupId(groupIds[group] ?? 0), { displayName: name }),
  }
}
const vendors: readonly Vendor[] = [
  microsoft('entra'),
  microsoft('office365'),
  {
    kind: 'okta',
    settings: (changes) => oktaSettings(tenants, { id: 'cloud', ...changes }),
    userId: oktaUserId,
    groupId: oktaGroupId,
    move: (n, domain) => {
      const address = `worker${n}@${domain}`
      okta().updateProfile(oktaUserId(n), { login: address, email: address })
    },
    block: (n) => okta().setStatus(oktaUserId(n), 'SUSPENDED'),
    join: (n, group) => okta().addMember(oktaGroupId(group), oktaUserId(n)),
    leave: (n, group) => okta().removeMember(oktaGroupId(group), oktaUserId(n)),
    renameGroup: (group, name) => okta().updateGroup(oktaGroupId(group), { name }),
  },
]

/** Runs with these settings over what was served before; the guard is not what these tests are about. */
async function run(vendor: Vendor, changes: object = {}, full = true): Promise<RunReport> {
  const { store } = sync.directory
  sync = await openSync({
    providers: [vendor.settings(changes)],
    settings: { guard: { maxRemovedShare: 1, maxRemovedCount: 1000, minRemoved: 1000 } },
    store,
    clock: sync.clock,
  })
  return await sync.engine.run('cloud', { trigger: 'test', full })
}

async function fresh(vendor: Vendor, changes: object = {}): Promise<RunReport> {
  sync = await openSync({ providers: [vendor.settings(changes)] })
  return await sync.engine.run('cloud', { trigger: 'test' })
}

/** Numbers of the people served. */
const served = (vendor: Vendor) =>
  [1, 2, 3, 4, 5].filter((n) =>
    [...sync.directory.entries()].some((entry) => sourceOf(entry) === `cloud:${vendor.userId(n)}`),
  )
const groups = () =>
  [...sync.directory.entries()]
    .filter(
      ({ dn, attributes }) => dn.includes('ou=groups') && String(attributes.get('rosterdSource')).startsWith('cloud:'),
    )
    .map(({ attributes }) => String(attributes.get('displayName')))
    .sort()
const sourceOf = (entry: { attributes: ReadonlyMap<string, readonly unknown[]> }) =>
  String(entry.attributes.get('rosterdSource')?.[0])

async function why(vendor: Vendor, n: number) {
  const [found] = await sync.engine.explain(vendor.userId(n))
  return found?.decision && { status: found.decision.status, rule: found.decision.rule, reason: found.decision.reason }
}

describe.each(vendors)('$kind', (vendor) => {
  test('group prefixes', async () => {
    await fresh(vendor, { filters: { groupPrefixes: ['TE'] } })
    expect(groups()).toEqual(['Team'])
    await fresh(vendor, { filters: { groupPrefixes: ['x', 'b'] } })
    expect(groups()).toEqual(['Board'])
    await fresh(vendor)
    expect(groups()).toEqual(['Board', 'Team'])
  })

  test('selected groups', async () => {
    await fresh(vendor, { filters: { selectedGroups: ['board'] } })
    expect(groups()).toEqual(['Board'])
    vendor.renameGroup(2, 'Directors')
    expect(await run(vendor, { filters: { selectedGroups: ['board'] } })).toMatchObject({ error: null })
    expect(groups()).toEqual(['Directors'])
    await fresh(vendor, { filters: { selectedGroups: [vendor.groupId(1)] } })
    expect(groups()).toEqual(['Team'])
  })

  test('groups without an e-mail address', async () => {
    if (vendor.kind !== 'okta') entra().updateGroup(vendor.groupId(1), { mail: null })
    await fresh(vendor)
    // Groups of Okta have no addresses at all: lacking one means nothing there.
    expect(groups()).toEqual(vendor.kind === 'okta' ? ['Board', 'Team'] : ['Board'])
    await fresh(vendor, { filters: { groupsWithoutEmail: true } })
    expect(groups()).toEqual(['Board', 'Team'])
  })

  test('only members of', async () => {
    await fresh(vendor, { filters: { allowUsersInGroups: ['Team'] } })
    expect(served(vendor)).toEqual([1, 2, 3])
    expect(await why(vendor, 4)).toEqual({
      status: 'inactive',
      rule: 'allowUsersInGroups',
      reason: 'member of no allowed group',
    })
    vendor.join(4, 1)
    vendor.leave(1, 1)
    await run(vendor, { filters: { allowUsersInGroups: ['Team'] } }, false)
    expect(served(vendor)).toEqual([2, 3, 4])
  })

  test('exclude members of', async () => {
    await fresh(vendor, { filters: { denyUsersInGroups: ['Board'] } })
    expect(served(vendor)).toEqual([1, 2, 3, 4])
    expect(await why(vendor, 5)).toEqual({
      status: vendor.kind === 'entra' ? 'disabled' : 'inactive',
      rule: 'denyUsersInGroups',
      reason: 'member of the excluded group "Board"',
    })
    await fresh(vendor, { filters: { denyUsersInGroups: ['Board'], nonAllowedStatus: 'disabled' } })
    expect(await why(vendor, 5)).toMatchObject({ status: 'disabled' })
    vendor.join(1, 2)
    await run(vendor, { filters: { allowUsersInGroups: ['Team'], denyUsersInGroups: ['Board'] } })
    expect(served(vendor)).toEqual([2, 3])
  })

  test('domain restriction', async () => {
    vendor.move(2, 'corp.home.example')
    vendor.move(3, 'HOME.example')
    vendor.move(4, 'evilhome.example')
    vendor.move(5, 'other.example')
    vendor.move(1, 'home.example')
    const filters = { domainRestriction: true, domains: ['home.example'] }
    await fresh(vendor, { filters })
    expect(served(vendor)).toEqual([1, 3])
    expect(await why(vendor, 5)).toEqual({
      status: 'skipped',
      rule: 'domainRestriction',
      reason: 'address outside the accepted domains',
    })
    vendor.move(1, 'other.example')
    await run(vendor, { filters }, false)
    expect(await why(vendor, 1)).toMatchObject({ status: 'inactive', rule: 'domainRestriction' })
    expect(served(vendor)).toEqual([3])
  })

  test('subdomains and wildcards', async () => {
    vendor.move(1, 'home.example')
    vendor.move(2, 'corp.home.example')
    vendor.move(3, 'münchen.example')
    const filters = (domains: readonly string[], subdomains = false) => ({
      filters: { domainRestriction: true, domains, subdomains },
    })
    await fresh(vendor, filters(['home.example'], true))
    expect(served(vendor)).toEqual([1, 2])
    await fresh(vendor, filters(['*.home.example']))
    expect(served(vendor)).toEqual([2])
    await fresh(vendor, filters(['xn--mnchen-3ya.example']))
    expect(served(vendor)).toEqual([3])
  })

  test('domain list from the provider', async () => {
    entra().domains.push(
      ...['contoso.example', 'unproven.example'].map((id) => ({
        id,
        isVerified: id === 'contoso.example',
        isDefault: false,
        isInitial: false,
        authenticationType: 'Managed' as const,
      })),
    )
    vendor.move(2, 'unproven.example')
    const report = await fresh(vendor, { filters: { domainRestriction: true } })
    if (vendor.kind === 'okta') {
      // An org tells no domains: the list has to be given.
      expect(report.error).toContain('filters.domainRestriction is on, and no domain is accepted')
      return
    }
    expect(served(vendor)).toEqual([1, 3, 4, 5])
  })

  test('sign-in blocked', async () => {
    await fresh(vendor)
    vendor.block(1)
    await run(vendor, {}, false)
    expect(served(vendor)).toEqual([2, 3, 4, 5])
    expect(await why(vendor, 1)).toEqual({
      status: 'inactive',
      rule: 'signInBlocked',
      reason: vendor.kind === 'okta' ? 'suspended in Okta (SUSPENDED)' : 'sign-in blocked in Entra ID',
    })
    await run(vendor, { filters: { signInBlocked: 'ignore' } })
    expect(served(vendor)).toEqual([1, 2, 3, 4, 5])
  })

  test('guests', async () => {
    if (vendor.kind === 'okta') {
      // Okta knows no guests: everybody is a member.
      await fresh(vendor, { filters: { guests: false } })
      expect(served(vendor)).toEqual([1, 2, 3, 4, 5])
      return
    }
    entra().updateUser(vendor.userId(1), {
      userType: 'Guest',
      userPrincipalName: 'person1_gmail.example#EXT#@contoso.example',
      mail: null,
    })
    await fresh(vendor)
    expect(await why(vendor, 1)).toEqual({ status: 'skipped', rule: 'guests', reason: 'guest user' })
    await fresh(vendor, { filters: { guests: true } })
    expect(served(vendor)).toEqual([1, 2, 3, 4, 5])
    // The user name of a guest ends in the tenant's domain and says nothing about the guest.
    await fresh(vendor, { filters: { guests: true, domainRestriction: true, domains: ['contoso.example'] } })
    expect(served(vendor)).toEqual([2, 3, 4, 5])
  })

  test('rules look at groups that are not served', async () => {
    await fresh(vendor, { groups: false, filters: { allowUsersInGroups: ['Board'], groupPrefixes: ['none'] } })
    expect(groups()).toEqual([])
    expect(served(vendor)).toEqual([5])
  })

  test('nested groups', async () => {
    if (vendor.kind === 'okta') {
      // Groups of Okta do not nest: a group cannot be a member.
      expect(() => okta().addMember(oktaGroupId(2), oktaGroupId(1))).toThrow('no user')
      return
    }
    entra().addMember(vendor.groupId(2), vendor.groupId(1))
    entra().addMember(vendor.groupId(1), vendor.groupId(2))
    await fresh(vendor, { filters: { allowUsersInGroups: ['Board'] } })
    expect(served(vendor)).toEqual([1, 2, 3, 5])
  })

  test('a rule that cannot be evaluated fails the run', async () => {
    await fresh(vendor)
    const before = served(vendor)
    expect((await run(vendor, { filters: { allowUsersInGroups: ['Nobody knows'] } })).error).toContain(
      'cloud: filters.allowUsersInGroups: there is no group "Nobody knows"',
    )
    vendor.renameGroup(1, 'Board')
    expect((await run(vendor, { filters: { denyUsersInGroups: ['Board'] } })).error).toContain(
      '2 groups are called "Board". Name one by id',
    )
    if (vendor.kind !== 'okta') {
      entra().updateGroup(vendor.groupId(1), { displayName: 'Hidden', visibility: 'HiddenMembership' })
      expect((await run(vendor, { filters: { denyUsersInGroups: ['Hidden'] } })).error).toContain(
        'the members of "Hidden" are hidden from the application',
      )
    }
    expect(served(vendor)).toEqual(before)
  })

  test('enrollment', async () => {
    for (const enrollment of ['only-sync', 'trust-email']) {
      await fresh(vendor, { enrollment })
      expect(served(vendor)).toEqual([1, 2, 3, 4, 5])
    }
    await fresh(vendor, { enrollment: 'send-enrollment-email' })
    expect(served(vendor)).toEqual([])
    expect(await why(vendor, 1)).toMatchObject({ status: 'invited' })
  })

  test('evidence at once, absence held', async () => {
    await fresh(vendor)
    sync = await openSync({
      providers: [vendor.settings({})],
      settings: { guard: { minRemoved: 0 } },
      store: sync.directory.store,
      clock: sync.clock,
    })
    vendor.block(1)
    if (vendor.kind === 'okta') {
      okta().setStatus(oktaUserId(2), 'DEPROVISIONED')
      okta().removeUser(oktaUserId(2))
    } else entra().removeUser(vendor.userId(2))
    const report = await sync.engine.run('cloud', { trigger: 'test' })
    expect(report).toMatchObject({ outcome: 'held', counts: { user: { deactivated: 1, removed: 0 } } })
    expect(served(vendor)).toEqual([2, 3, 4, 5])
    await sync.engine.plan.approve('latest', 'root')
    expect(served(vendor)).toEqual([3, 4, 5])
  })
})
