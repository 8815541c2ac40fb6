import { rosterStatuses } from '../../../sync/roster/roster-filter.ts'
import type { RosterList } from '../../../sync/roster/roster.ts'
import type { RosterGroup } from '../../../sync/roster/roster-rows.ts'
import { gridOf, gridPageSize } from '../../grid.ts'
import type { GroupsQuery } from './inputs.ts'
import { rosterFilters } from './roster-filters.ts'
import { addressOfRow, providerText, statusNames, statusOf } from './roster-text.ts'
import type { ProviderName } from './services.ts'

const groupsPath = '/admin/groups'

/** Groups that hold a group are named up to here. */
const shownParents = 3

/** `invited` is of people. */
const groupStatuses = rosterStatuses.filter((status) => status !== 'invited' && status !== 'disabled')

export interface GroupsFacts {
  readonly query: GroupsQuery
  readonly list: RosterList<RosterGroup>
  readonly reasons: readonly string[]
  readonly providers: readonly ProviderName[]
}

export function groupsModel({ query, list, reasons, providers }: GroupsFacts) {
  const { search, page, status } = query
  const from = (page - 1) * gridPageSize
  return {
    title: 'Groups',
    grid: gridOf({
      path: groupsPath,
      search,
      searchLabel: 'Name, address or id',
      filters: [
        {
          name: 'status',
          label: 'Status',
          value: status,
          choices: groupStatuses.map((value) => ({ value, label: statusNames[value] })),
        },
        ...rosterFilters(query, reasons, providers),
      ],
      page,
      total: list.total,
      downloads: [
        { path: `${groupsPath}.csv`, label: 'CSV' },
        { path: `${groupsPath}.ldif`, label: 'LDIF' },
      ],
    }),
    groups: Array.from(list.rows(from, from + gridPageSize), (group) => ({
      name: group.name,
      address: addressOfRow(groupsPath, group),
      displayName: group.displayName === group.name ? '' : group.displayName,
      mail: group.mail,
      users: group.users.toLocaleString('en-GB'),
      parents: nestingText(group.parents.map(nameInDn)),
      children: group.children === 0 ? '' : group.children.toLocaleString('en-GB'),
      ...statusOf(group),
      provider: providerText(group.provider, providers),
    })),
  }
}

function nestingText(names: readonly string[]): string {
  const more = names.length - shownParents
  return [...names.slice(0, shownParents), ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

/** What the first part of a DN says, without its escapes. */
function nameInDn(dn: string): string {
  const [first = dn] = /^(?:\\.|[^,+\\])*/.exec(dn) ?? []
  return first.slice(first.indexOf('=') + 1).replace(/\\([^0-9A-Fa-f])/g, '$1')
}

export const groupColumns = [
  'name',
  'displayName',
  'mail',
  'userCount',
  'status',
  'reason',
  'within',
  'groupsWithin',
  'provider',
  'sourceType',
  'sources',
  'entryUUID',
]

/** A line of the download. */
export function groupLine(group: RosterGroup, providers: readonly ProviderName[]): readonly (string | number | null)[] {
  const { name, type } = providerText(group.provider, providers)
  return [
    group.name,
    group.displayName,
    group.mail,
    group.users,
    group.status,
    group.status === 'active' ? '' : group.reason,
    group.parents.map(nameInDn).join(' '),
    group.children,
    name,
    type,
    group.sources.join(' '),
    group.entryUUID,
  ]
}
