import { permissionMissing, resourceNotFound, unsupportedQuery } from './graph-error.ts'
import {
  collection,
  type GraphAnswer,
  type GraphContext,
  hasPermission,
  requirePermission,
  selectedFragment,
} from './graph-context.ts'
import { project } from './listing.ts'
import { defaultUserProperties, groupProperties, type MemberType, userProperties } from './objects.ts'
import { parseQuery } from './query.ts'

const memberRules = {
  type: 'microsoft.graph.directoryObject',
  properties: [...new Set([...userProperties, ...groupProperties])],
  orderBy: ['displayName'],
}

const casts: Readonly<Record<string, MemberType>> = {
  'microsoft.graph.user': 'user',
  'microsoft.graph.group': 'group',
  'microsoft.graph.device': 'device',
  'microsoft.graph.servicePrincipal': 'servicePrincipal',
  'microsoft.graph.orgContact': 'orgContact',
}

/** `GET /groups/{id}/members` and `/transitiveMembers`, also with an OData cast (contract §3.6). */
export function listMembers(
  context: GraphContext,
  groupId: string,
  transitive: boolean,
  cast: string | undefined,
): GraphAnswer {
  requirePermission(context, 'GroupMember.Read.All')
  const { directory, listings, request } = context
  const group = directory.groups.get(groupId)
  if (group === undefined) throw resourceNotFound(groupId)
  if (group.visibility === 'HiddenMembership' && !hasPermission(context, 'Member.Read.Hidden'))
    throw permissionMissing()
  const query = parseQuery(request, memberRules)
  const type = castType(cast)
  if ((type !== undefined || query.filter !== undefined) && !query.wantsCount) {
    throw unsupportedQuery('The specified cast or filter needs the header ConsistencyLevel and $count.')
  }
  const members = () => {
    const ids = transitive ? directory.transitiveMembers(groupId) : directory.members(groupId)
    return [...ids].filter((id) => type === undefined || directory.typeOf(id) === type).sort()
  }
  const page = listings.page(request, query, members)
  const value = page.ids.map((id) => memberRow(context, id, query.select))
  const count = query.wantsCount ? page.total : undefined
  const body = collection(context, selectedFragment('directoryObjects', query.select), value, {
    nextLink: page.nextLink,
    count,
  })
  return { body, resourceUnits: transitive ? 5 : 3 }
}

/**
 * One member with `@odata.type`. Without User.Read.All a user has null in every other property than `id`:
 * such nulls are no data (contract §3.6).
 */
export function memberRow(
  context: GraphContext,
  id: string,
  select: readonly string[] | undefined,
): Record<string, unknown> {
  const { directory } = context
  const type = directory.typeOf(id)
  const row = memberProperties(context, id, type, select)
  if (type === 'user' && !hasPermission(context, 'User.Read.All')) {
    for (const name of Object.keys(row)) if (name !== 'id') row[name] = null
  }
  return { '@odata.type': `#microsoft.graph.${type}`, ...row }
}

function memberProperties(
  { directory }: GraphContext,
  id: string,
  type: MemberType,
  select: readonly string[] | undefined,
): Record<string, unknown> {
  switch (type) {
    case 'user':
      return project(directory.users.get(id) ?? { id }, select ?? defaultUserProperties)
    case 'group':
      return project(directory.groups.get(id) ?? { id }, select ?? groupProperties)
    default:
      return project(
        { id, displayName: directory.others.get(id)?.displayName ?? null },
        select ?? ['id', 'displayName'],
      )
  }
}

function castType(cast: string | undefined): MemberType | undefined {
  if (cast === undefined) return undefined
  const type = casts[cast]
  if (type === undefined) throw resourceNotFound(cast)
  return type
}
