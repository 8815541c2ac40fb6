import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { Listing } from './graph-client.ts'
import { groupProperties, passwordChangedProperty, userProperties } from './graph-identities.ts'

/** Every request for people and groups (contract §3.1), and what of the configuration decides that it is sent. */

/** Properties asked for of each user: ours, and those that the configuration takes values from. */
export function selectedUserProperties(config: EntraProviderConfig): readonly string[] {
  const { attributes, usernameAttribute, passThroughBind } = config
  const sources = Object.entries(attributes).flatMap(([name, source]) => (isOfGroups(name) ? [] : [source]))
  if (usernameAttribute !== undefined && !builtInNames.has(usernameAttribute)) sources.push(usernameAttribute)
  // A password that was found right is forgotten when there is a new one.
  if (passThroughBind) sources.push(passwordChangedProperty)
  return withNamed(userProperties, sources)
}

function selectedGroupProperties({ attributes }: EntraProviderConfig): readonly string[] {
  const sources = Object.entries(attributes).flatMap(([name, source]) => (isOfGroups(name) ? [source] : []))
  return withNamed(groupProperties, sources)
}

/** Of groups only the number is mapped. */
function isOfGroups(attribute: string): boolean {
  return attribute.toLowerCase() === 'gidnumber'
}

/** `onPremisesExtensionAttributes.extensionAttribute1` is a field of one property. */
function withNamed(properties: readonly string[], sources: readonly string[]): readonly string[] {
  const fields = sources.flatMap((source) =>
    source.includes('{') ? [...source.matchAll(/\{([^{}]+)\}/g)].map(([, field]) => field ?? '') : [source],
  )
  const named = fields.map((field) => field.split('.')[0]?.trim() ?? '').filter((name) => /^\w+$/.test(name))
  return [...new Set([...properties, ...named])]
}

/** `usernameAttribute` values that are taken from properties under other names. */
const builtInNames = new Set(['sAMAccountName', 'userPrincipalName', 'mail', 'login'])

const readUsers = { call: 'GET /users', purpose: 'users', permission: 'User.Read.All' } as const
const readGroups = {
  call: 'GET /groups',
  purpose: 'groups',
  permission: 'GroupMember.Read.All',
} as const
/** Without it a record does not tell who may sign in. */
const saysWhoMaySignIn = 'accountEnabled'

export function usersListing(config: EntraProviderConfig): Listing {
  const select = selectedUserProperties(config).join(',')
  return { ...readUsers, path: `/users?$select=${select}&$top=999`, saying: saysWhoMaySignIn }
}

export function groupsListing(config: EntraProviderConfig): Listing {
  return { ...readGroups, path: `/groups?$select=${selectedGroupProperties(config).join(',')}&$top=999` }
}

/** `neededBy` names the setting that reads them. */
export function domainsListing(neededBy: string): Listing {
  return { path: '/domains', call: 'GET /domains', purpose: 'users', permission: 'Domain.Read.All', neededBy }
}

export function userListing(config: EntraProviderConfig, name: string): Listing {
  const select = selectedUserProperties(config).join(',')
  return {
    ...readUsers,
    call: 'GET /users/{id}',
    path: `/users/${encodeURIComponent(name)}?$select=${select}`,
    saying: saysWhoMaySignIn,
  }
}

export function groupListing(config: EntraProviderConfig, id: string): Listing {
  return {
    ...readGroups,
    call: `GET /groups/${id}`,
    path: `/groups/${encodeURIComponent(id)}?$select=${selectedGroupProperties(config).join(',')}`,
  }
}

/** `areHidden`: those of the one group may be refused although the members of all others may be read. */
export function membersListing(groupId: string, areHidden: boolean): Listing {
  return {
    path: `/groups/${encodeURIComponent(groupId)}/members?$select=id&$top=999`,
    call: `GET /groups/${groupId}/members`,
    purpose: 'groups',
    permission: 'GroupMember.Read.All',
    mayBeRefused: areHidden,
    saying: '@odata.type',
  }
}

/** Groups that hold a person directly; also roles and units, told apart by their type. */
export function parentsListing(userId: string): Listing {
  return {
    path: `/users/${encodeURIComponent(userId)}/memberOf?$select=id&$top=999`,
    call: `GET /users/${userId}/memberOf`,
    purpose: 'groups',
    permission: 'GroupMember.Read.All',
    saying: '@odata.type',
  }
}

/** Change tracking (contract §4); what is selected is what is watched. */
export function usersDelta(config: EntraProviderConfig): Listing {
  return {
    ...readUsers,
    call: 'GET /users/delta',
    path: `/users/delta?$select=${selectedUserProperties(config).join(',')}`,
  }
}

export function groupsDelta(config: EntraProviderConfig): Listing {
  const select = [...selectedGroupProperties(config), 'members'].join(',')
  return { ...readGroups, call: 'GET /groups/delta', path: `/groups/delta?$select=${select}` }
}

/** A delta link at once, without data: changes from now on. */
export function fromNowOn(delta: Listing): Listing {
  return { ...delta, path: `${delta.path}&$deltatoken=latest` }
}

/** Groups are read even when none are served: rules look at all of them. */
export function needsGroups({ groups, filters }: EntraProviderConfig): boolean {
  return groups || filters.allowUsersInGroups.length > 0 || filters.denyUsersInGroups.length > 0
}

/** The tenant's domains are asked for only where a rule, or linking, reads them: one permission less otherwise. */
export function ruleReadsDomains({ users, filters }: EntraProviderConfig): boolean {
  return users && filters.domainRestriction && filters.domains.length === 0
}
