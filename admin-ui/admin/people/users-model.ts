import { readinesses, rosterStatuses } from '../../../sync/roster/roster-filter.ts'
import type { PeopleFilter, RosterList } from '../../../sync/roster/roster.ts'
import type { RosterPerson } from '../../../sync/roster/roster-rows.ts'
import { gridOf, gridPageSize } from '../../grid.ts'
import type { UsersQuery } from './inputs.ts'
import { addressOfRow, providerText, readinessNames, statusNames, statusOf } from './roster-text.ts'
import { rosterFilters } from './roster-filters.ts'
import type { ProviderName } from './services.ts'

const usersPath = '/admin/users'

/** What the address asks for. */
export function peopleFilterOf({ search, status, reason, type, provider, signIn }: UsersQuery): PeopleFilter {
  const isBlocked = status === 'blocked' ? true : undefined
  return {
    search,
    reason,
    type,
    provider,
    readiness: signIn,
    ...(status === 'blocked' ? { isBlocked } : { status }),
  }
}

export interface UsersFacts {
  readonly query: UsersQuery
  readonly list: RosterList<RosterPerson>
  readonly reasons: readonly string[]
  readonly providers: readonly ProviderName[]
}

export function usersModel({ query, list, reasons, providers }: UsersFacts) {
  const { search, page, status, signIn } = query
  const from = (page - 1) * gridPageSize
  return {
    title: 'Users',
    grid: gridOf({
      path: usersPath,
      search,
      searchLabel: 'Name, address or id',
      filters: [
        {
          name: 'status',
          label: 'User status',
          value: status,
          choices: [...rosterStatuses, 'blocked' as const].map((value) => ({ value, label: statusNames[value] })),
        },
        {
          name: 'signIn',
          label: 'Sign-in',
          value: signIn,
          choices: readinesses.map((value) => ({ value, label: readinessNames[value] })),
        },
        ...rosterFilters(query, reasons, providers),
      ],
      page,
      total: list.total,
      downloads: [
        { path: `${usersPath}.csv`, label: 'CSV' },
        { path: `${usersPath}.ldif`, label: 'LDIF' },
      ],
    }),
    users: Array.from(list.rows(from, from + gridPageSize), (person) => ({
      name: person.name,
      address: addressOfRow(usersPath, person),
      displayName: person.displayName,
      mail: person.mail,
      ...statusOf(person),
      provider: providerText(person.provider, providers),
      otherProviders: person.sources.length > 1 ? person.sources.length - 1 : 0,
      signIn: readinessNames[person.readiness],
    })),
  }
}

export const userColumns = [
  'name',
  'displayName',
  'mail',
  'status',
  'reason',
  'blocked',
  'signIn',
  'provider',
  'sourceType',
  'sources',
  'entryUUID',
]

/** A line of the download. */
export function userLine(person: RosterPerson, providers: readonly ProviderName[]): readonly (string | null)[] {
  const { name, type } = providerText(person.provider, providers)
  return [
    person.name,
    person.displayName,
    person.mail,
    person.status,
    person.status === 'active' ? '' : person.reason,
    person.block,
    person.readiness,
    name,
    type,
    person.sources.join(' '),
    person.entryUUID,
  ]
}
