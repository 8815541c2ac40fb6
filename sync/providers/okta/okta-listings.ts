import type { OktaProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { Listing } from './okta-client.ts'

/** Every request for people, groups and events (contract §2), and what of the configuration decides that it is sent. */

const readUsers = { call: 'GET /api/v1/users', permission: 'read users' }

function searchUsers(search: string): Listing {
  return { ...readUsers, path: `/api/v1/users?search=${encodeURIComponent(search)}&limit=200` }
}

/** Without this search the listing leaves deactivated people out (contract §2.2). */
export const usersListing = searchUsers('status pr')

export function usersUpdatedAfter(time: Date): Listing {
  return searchUsers(`lastUpdated gt "${time.toISOString()}"`)
}

/** Everybody but the deactivated; unlike a search it does not lag behind (contract §2.2). */
export const presentUsersListing: Listing = { ...readUsers, path: '/api/v1/users?limit=200' }

export function userListing(name: string): Listing {
  return { ...readUsers, call: 'GET /api/v1/users/{id}', path: `/api/v1/users/${encodeURIComponent(name)}` }
}

export const groupsListing: Listing = {
  path: '/api/v1/groups?limit=200',
  call: 'GET /api/v1/groups',
  permission: 'read groups',
}

export function membersListing(groupId: string): Listing {
  return {
    path: `/api/v1/groups/${encodeURIComponent(groupId)}/users?limit=200`,
    call: `GET /api/v1/groups/${groupId}/users`,
    permission: 'read the members of groups',
  }
}

export function groupsOfUserListing(userId: string): Listing {
  return {
    path: `/api/v1/users/${encodeURIComponent(userId)}/groups?limit=200`,
    call: `GET /api/v1/users/${userId}/groups`,
    permission: 'read the members of groups',
  }
}

/** With `until` the listing ends (contract §7). */
export function deletionEvents(since: Date, until: Date): Listing {
  const query = new URLSearchParams({
    since: since.toISOString(),
    until: until.toISOString(),
    filter: 'eventType sw "user.lifecycle.delete"',
    sortOrder: 'ASCENDING',
    limit: '1000',
  })
  return {
    path: `/api/v1/logs?${query.toString()}`,
    call: 'GET /api/v1/logs',
    permission: 'read the system log',
    key: 'uuid',
  }
}

/** Groups are read even when none are served: rules look at all of them. */
export function needsGroups({ groups, filters }: OktaProviderConfig): boolean {
  return groups || filters.allowUsersInGroups.length > 0 || filters.denyUsersInGroups.length > 0
}
