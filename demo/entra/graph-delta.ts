import type { ObjectChanges } from './change-log.ts'
import type { DeltaItems, DeltaQuery } from './delta-rounds.ts'
import type { EntraDirectory } from './directory.ts'
import {
  type GraphAnswer,
  type GraphContext,
  hasPermission,
  requirePermission,
  selectedFragment,
} from './graph-context.ts'
import { groupRules } from './graph-groups.ts'
import { userRules } from './graph-users.ts'
import { project } from './listing.ts'
import { defaultUserProperties, groupProperties } from './objects.ts'
import type { ResourceRules } from './query.ts'

type Item = Record<string, unknown>

/** Members told with one occurrence of a group; more members repeat the group (contract §4). */
const membersPerItem = 50

/** `GET /users/delta` */
export function usersDelta(context: GraphContext): GraphAnswer {
  requirePermission(context, 'User.Read.All')
  const { directory } = context
  return deltaAnswer(context, userRules, 'users', (since, query, minimal) => {
    const names = query.select ?? defaultUserProperties
    if (since === undefined) return wanted(directory.users.values(), query).map((user) => firstItem(user, names))
    const changed = [...directory.log.since(since, 'user')].filter(([id]) => query.ids?.includes(id) ?? true)
    return changed.flatMap(([id, changes]) => laterItem(id, directory.users.get(id), changes, names, minimal) ?? [])
  })
}

/** `GET /groups/delta`, with `members@delta` when `members` is selected or nothing is. */
export function groupsDelta(context: GraphContext): GraphAnswer {
  requirePermission(context, 'GroupMember.Read.All')
  const { directory } = context
  return deltaAnswer(context, groupRules, 'groups', (since, query, minimal) => {
    const names = (query.select ?? groupProperties).filter((name) => name !== 'members')
    const withMembers = query.select?.includes('members') ?? true
    const readable = (id: string) =>
      withMembers &&
      (directory.groups.get(id)?.visibility !== 'HiddenMembership' || hasPermission(context, 'Member.Read.Hidden'))
    if (since === undefined) {
      return interleaved(
        wanted(directory.groups.values(), query).map((group) => {
          const members = readable(group.id) ? [...directory.members(group.id)].sort() : []
          return spread(
            firstItem(group, names),
            members.map((id) => memberItem(directory, group.id, id)),
          )
        }),
      )
    }
    const changed = [...directory.log.since(since, 'group')].filter(([id]) => query.ids?.includes(id) ?? true)
    return interleaved(
      changed.map(([id, changes]) => {
        const members = readable(id) ? [...changes.members].map((member) => memberItem(directory, id, member)) : []
        const watched = laterItem(id, directory.groups.get(id), changes, names, minimal)
        if (watched !== undefined) return '@removed' in watched ? [watched] : spread(watched, members)
        const group = directory.groups.get(id)
        if (group === undefined || members.length === 0) return []
        return spread(minimal ? { id } : laterObject(group, names, changes), members)
      }),
    )
  })
}

function deltaAnswer(context: GraphContext, rules: ResourceRules, name: string, items: DeltaItems): GraphAnswer {
  const { deltas, directory, request } = context
  const page = deltas.page(request, rules, directory.log.position, items)
  const metadata = `${context.baseUrl}/$metadata#${selectedFragment(name, page.select)}`
  return { body: { '@odata.context': metadata, ...page.link, value: page.value } }
}

function wanted<Entry extends { readonly id: string }>(objects: Iterable<Entry>, query: DeltaQuery): Entry[] {
  return [...objects]
    .filter((object) => query.ids?.includes(object.id) ?? true)
    .sort((left, right) => (left.id < right.id ? -1 : 1))
}

/** First round: what was never set is missing. */
function firstItem(object: { readonly id: string }, names: readonly string[]): Item {
  const row = project(object, names)
  for (const [name, value] of Object.entries(row)) if (value === null) delete row[name]
  return { ...row, id: object.id }
}

/** Undefined when nothing that is watched has changed. */
function laterItem(
  id: string,
  object: { readonly id: string } | undefined,
  changes: ObjectChanges,
  names: readonly string[],
  minimal: boolean,
): Item | undefined {
  if (object === undefined) return { '@removed': { reason: changes.removed ?? 'deleted' }, id }
  const changed = names.filter((name) => changes.properties.has(name))
  if (changed.length === 0) return undefined
  return minimal ? { ...project(object, changed), id } : laterObject(object, names, changes)
}

/** Later rounds: all selected properties that have a value, and changed ones even when null. */
function laterObject(object: { readonly id: string }, names: readonly string[], changes: ObjectChanges): Item {
  const row = project(object, names)
  for (const [name, value] of Object.entries(row)) if (value === null && !changes.properties.has(name)) delete row[name]
  return { ...row, id: object.id }
}

function memberItem(directory: EntraDirectory, groupId: string, memberId: string): Item {
  const item = { '@odata.type': `#microsoft.graph.${directory.typeOf(memberId)}`, id: memberId }
  return directory.members(groupId).has(memberId) ? item : { ...item, '@removed': { reason: 'deleted' } }
}

/** The same object once for each stretch of its members; once without `members@delta` when it has none. */
function spread(object: Item, members: readonly Item[]): Item[] {
  if (members.length === 0) return [object]
  const count = Math.ceil(members.length / membersPerItem)
  return Array.from({ length: count }, (_, index) => ({
    ...object,
    'members@delta': members.slice(index * membersPerItem, (index + 1) * membersPerItem),
  }))
}

/** First every group's first part, then the second parts, so that a large group comes on several pages. */
function interleaved(parts: readonly (readonly Item[])[]): Item[] {
  const longest = Math.max(0, ...parts.map((part) => part.length))
  const items: Item[] = []
  for (let index = 0; index < longest; index += 1) {
    for (const part of parts) {
      const item = part[index]
      if (item !== undefined) items.push(item)
    }
  }
  return items
}
