import { describe, expect, test } from 'vitest'
import { configSchema, type CloudProviderConfig } from '../../../server/runtime/config-schema.ts'
import { resolveMembership } from '../../../sync/group-membership.ts'
import type { SourceDomain, SourceGroup, SourceUser } from '../../../sync/identity.ts'
import { judgeGroups, judgeUsers, RuleError } from '../../../sync/rules.ts'
import { aGroup, aUser } from './source-builders.ts'

function provider(filters: object = {}, changes: object = {}): CloudProviderConfig {
  const [parsed] = configSchema.parse({
    providers: [
      { id: 'acme', type: 'okta', name: 'Acme', orgUrl: 'https://acme.example', apiToken: 'x', filters, ...changes },
    ],
  }).providers
  if (parsed?.type !== 'okta') throw new Error('not an Okta provider')
  return parsed
}

interface Case {
  readonly filters?: object
  readonly settings?: object
  readonly users?: readonly SourceUser[]
  readonly groups?: readonly SourceGroup[]
  readonly domains?: readonly SourceDomain[]
  readonly known?: readonly string[]
}

function judged({ filters, settings, users = [], groups = [], domains = [], known = [] }: Case) {
  return {
    config: provider(filters, settings),
    users,
    groups,
    domains,
    membership: resolveMembership(groups),
    isKnown: (id: string) => known.includes(id),
  }
}

const user = (one: Case, id = 'user-1') => judgeUsers(judged(one)).get(id)
const group = (one: Case, id = 'group-1') => judgeGroups(judged(one)).get(id)

describe('people', () => {
  test('are active when nothing speaks against it', () => {
    expect(user({ users: [aUser()] })).toMatchObject({ status: 'active', rule: 'none' })
  })

  test('whose sign-in is blocked are inactive, in the words of the provider, by evidence', () => {
    const blocked = aUser({ signIn: { allowed: false, reason: 'sign-in blocked in Entra ID' } })
    expect(user({ users: [blocked] })).toEqual({
      status: 'inactive',
      rule: 'signInBlocked',
      reason: 'sign-in blocked in Entra ID',
      evidence: true,
    })
    expect(user({ users: [blocked], filters: { signInBlocked: 'ignore' } })?.status).toBe('active')
  })

  test('who are guests are skipped, or inactive when they were served before', () => {
    const guest = aUser({ kind: 'guest' })
    expect(user({ users: [guest] })).toMatchObject({ status: 'skipped', rule: 'guests', evidence: false })
    expect(user({ users: [guest], known: ['user-1'] })?.status).toBe('inactive')
    expect(user({ users: [guest], filters: { guests: true } })?.status).toBe('active')
  })

  test('of a provider without user sync are not served', () => {
    expect(user({ users: [aUser()], settings: { users: false } })).toMatchObject({ status: 'skipped', rule: 'users' })
  })

  test('outside the allowed groups are inactive; nested members are inside', () => {
    const groups = [
      aGroup({ id: 'outer', name: 'Outer', groupIds: ['inner'] }),
      aGroup({ id: 'inner', userIds: ['in'] }),
    ]
    const users = [aUser({ id: 'in' }), aUser({ id: 'out' })]
    const one = { users, groups, filters: { allowUsersInGroups: ['outer'] } }
    expect(user(one, 'in')?.status).toBe('active')
    expect(user(one, 'out')).toMatchObject({ status: 'inactive', rule: 'allowUsersInGroups', evidence: false })
  })

  test('in a denied group are out, also when they are allowed', () => {
    const groups = [aGroup({ userIds: ['user-1'] })]
    const filters = { allowUsersInGroups: ['Staff'], denyUsersInGroups: ['staff'] }
    expect(user({ users: [aUser()], groups, filters })).toMatchObject({
      status: 'inactive',
      reason: 'member of the excluded group "Staff"',
    })
    expect(user({ users: [aUser()], groups, filters: { ...filters, nonAllowedStatus: 'disabled' } })?.status).toBe(
      'disabled',
    )
  })

  test.each([
    ['ada@example.com', ['example.com'], false, true],
    ['ada@EXAMPLE.com', ['Example.COM'], false, true],
    ['ada@corp.example.com', ['example.com'], false, false],
    ['ada@corp.example.com', ['example.com'], true, true],
    ['ada@corp.example.com', ['*.example.com'], false, true],
    ['ada@example.com', ['*.example.com'], false, false],
    ['ada@notexample.com', ['example.com'], true, false],
    ['ada@bücher.example', ['xn--bcher-kva.example'], false, true],
    ['ada_other.example#EXT#@example.com', ['example.com'], false, false],
  ])('%s with domains %j (subdomains %s): %s', (address, domains, subdomains, inside) => {
    const filters = { domainRestriction: true, domains, subdomains }
    const person = aUser({ mail: address, userPrincipalName: address })
    expect(user({ users: [person], filters })?.status).toBe(inside ? 'active' : 'skipped')
  })

  test('are compared with the verified domains of the provider when none are listed', () => {
    const one = { users: [aUser({ mail: 'ada@b.example' })], filters: { domainRestriction: true } }
    const domains = [
      { name: 'a.example', verified: true },
      { name: 'b.example', verified: false },
    ]
    expect(user({ ...one, domains })?.status).toBe('skipped')
    expect(() => user(one)).toThrow(RuleError)
  })
})

describe('a rule whose group cannot be told', () => {
  test.each(['allowUsersInGroups', 'denyUsersInGroups', 'selectedGroups'])('is an error: %s', (setting) => {
    const groups = [aGroup({ id: '1', name: 'Staff' }), aGroup({ id: '2', name: 'staff' })]
    const run = (wanted: string) => {
      const one = { users: [aUser()], groups, filters: { [setting]: [wanted] } }
      return setting === 'selectedGroups' ? group(one, '1') : user(one)
    }
    expect(() => run('Missing')).toThrow(`acme: filters.${setting}: there is no group "Missing"`)
    expect(() => run('Staff')).toThrow('2 groups are called "Staff". Name one by id: 1, 2.')
    expect(() => run('2')).not.toThrow()
  })
})

describe('groups', () => {
  test('without an address are skipped unless the setting says otherwise', () => {
    const groups = [aGroup({ mail: null })]
    expect(group({ groups })).toMatchObject({ status: 'skipped', rule: 'groupsWithoutEmail' })
    expect(group({ groups, filters: { groupsWithoutEmail: true } })?.status).toBe('active')
  })

  test('of a provider whose groups have no addresses are served', () => {
    expect(group({ groups: [aGroup({ mail: null, canHaveMail: false })] })?.status).toBe('active')
  })

  test('are chosen by prefix in any case; no prefix means all', () => {
    const groups = [aGroup({ id: '1', name: 'LDAP-Admins' }), aGroup({ id: '2', name: 'Sales' })]
    expect(group({ groups, filters: { groupPrefixes: ['ldap-'] } }, '1')?.status).toBe('active')
    expect(group({ groups, filters: { groupPrefixes: ['ldap-'] } }, '2')).toMatchObject({ rule: 'groupPrefixes' })
    expect(group({ groups, filters: { groupPrefixes: [''] } }, '2')?.status).toBe('active')
  })

  test('are chosen by selection', () => {
    const groups = [aGroup({ id: '1', name: 'A' }), aGroup({ id: '2', name: 'B' })]
    expect(group({ groups, filters: { selectedGroups: ['b'] } }, '1')).toMatchObject({ rule: 'selectedGroups' })
    expect(group({ groups, filters: { selectedGroups: ['b'] } }, '2')?.status).toBe('active')
  })

  test('that hold everybody are served only when selected', () => {
    const groups = [aGroup({ holdsEverybody: true, name: 'Everyone' })]
    expect(group({ groups })?.status).toBe('skipped')
    expect(group({ groups, filters: { selectedGroups: ['Everyone'] } })?.status).toBe('active')
  })
})
