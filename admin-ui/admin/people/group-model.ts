import { gridOf, gridPageSize } from '../../grid.ts'
import { entryModel, sourceModel } from './entry-model.ts'
import { addressOfRow, providerText, ruleName, statusOf } from './roster-text.ts'
import type { GroupDetails, NamedEntry, ProviderName } from './services.ts'

/** Groups that are listed by name. */
const shownGroups = 200

export function groupModel(
  { group, entry, sources, parents, children, members, memberCount }: GroupDetails,
  providers: readonly ProviderName[],
  page: number,
) {
  const path = addressOfRow('/admin/groups', group)
  return {
    title: group.displayName === '' ? group.name : group.displayName,
    name: group.name,
    mail: group.mail,
    ...statusOf(group),
    rule: group.rule === 'none' ? '' : ruleName(group.rule),
    entryUUID: group.entryUUID ?? '',
    users: group.users.toLocaleString('en-GB'),
    isServed: entry !== null,
    isOfServer: group.provider === 'rosterd',
    provider: providerText(group.provider, providers),
    entry: entry && entryModel(entry),
    sources: sources.map((source) => sourceModel(source, providers)),
    parents: parents.slice(0, shownGroups).map(groupLink),
    children: children.slice(0, shownGroups).map(groupLink),
    members: members.map((member) => ({
      name: member.name,
      isGroup: member.isGroup,
      address: addressOfRow(member.isGroup ? '/admin/groups' : '/admin/users', { id: member.entryUUID }),
    })),
    grid: gridOf({ path, search: '', searchLabel: '', filters: [], page, total: memberCount }),
  }
}

/** The members of a page, counted from 0. */
export function membersOfPage(page: number): readonly [from: number, to: number] {
  return [(page - 1) * gridPageSize, page * gridPageSize]
}

function groupLink({ entryUUID, name }: NamedEntry) {
  return { name, address: addressOfRow('/admin/groups', { id: entryUUID }) }
}
