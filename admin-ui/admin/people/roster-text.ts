import type { Readiness, RosterGroup, RosterPerson, RosterRow, RosterStatus } from '../../../sync/roster/roster-rows.ts'
import { type State, stateOf } from '../../state.ts'
import { providerTypeName } from '../provider-type-name.ts'
import type { ProviderName } from './services.ts'

export const statusNames: Readonly<Record<RosterStatus | 'blocked', string>> = {
  active: 'Active',
  inactive: 'Inactive',
  disabled: 'Disabled',
  invited: 'Invited',
  skipped: 'Not synced',
  deleted: 'Deleted',
  blocked: 'Blocked here',
}

export const readinessNames: Readonly<Record<Readiness, string>> = {
  password: 'With a password',
  provider: 'Password of the provider',
  invited: 'Invited',
  none: 'Never invited',
}

const ruleNames: Readonly<Record<string, string>> = {
  signInBlocked: 'Sign-in blocked at the provider',
  users: 'Users are not synced',
  groups: 'Groups are not synced',
  guests: 'Guest user',
  denyUsersInGroups: 'Member of an excluded group',
  allowUsersInGroups: 'Member of no allowed group',
  domainRestriction: 'Domain not accepted',
  usernameAttribute: 'No user name',
  uniqueField: 'Link to another provider',
  sameTenant: 'Served by another provider',
  onClash: 'Name is taken',
  entry: 'Entry of a file in its place',
  enrollment: 'Enrollment',
  gone: 'At no provider any more',
  membersReadable: 'Members are hidden',
  selectedGroups: 'Not among the selected groups',
  groupPrefixes: 'Prefix of the name',
  groupsWithoutEmail: 'No e-mail address',
}

/** A setting that decided, in words. */
export function ruleName(rule: string): string {
  return ruleNames[rule] ?? rule
}

const statusKinds: Readonly<Record<RosterStatus, State['kind']>> = {
  active: 'good',
  inactive: 'warn',
  disabled: 'bad',
  invited: 'busy',
  skipped: 'off',
  deleted: 'off',
}

/** The status, and why it is that; no reason where there is nothing to say. */
export function statusOf(row: RosterPerson | RosterGroup): { readonly state: State; readonly reason: string } {
  if ('block' in row && row.block !== null && row.status === 'active')
    return { state: stateOf('bad', statusNames.blocked), reason: row.block }
  const held = row.isServed && row.status !== 'active' ? '; still in LDAP' : ''
  return {
    state: stateOf(statusKinds[row.status], statusNames[row.status]),
    reason: row.status === 'active' ? '' : `${row.reason}${held}`,
  }
}

/** Where the page of a person or group is. */
export function addressOfRow(list: '/admin/users' | '/admin/groups', { id }: Pick<RosterRow, 'id'>): string {
  return `${list}/${encodeURIComponent(id)}`
}

/** Name and type of a provider; `rosterd` is the server itself. */
export function providerText(id: string, providers: readonly ProviderName[]): { name: string; type: string } {
  const provider = providers.find((one) => one.id === id)
  if (provider !== undefined) return { name: provider.name, type: providerTypeName(provider.type) }
  return id === 'rosterd' ? { name: 'Rosterd', type: 'made by the server' } : { name: id, type: '' }
}
