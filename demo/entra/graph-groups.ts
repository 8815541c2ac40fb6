import { resourceNotFound } from './graph-error.ts'
import {
  collection,
  type GraphAnswer,
  type GraphContext,
  requirePermission,
  selectedFragment,
} from './graph-context.ts'
import { memberRow } from './graph-members.ts'
import { project, selectRows } from './listing.ts'
import { type EntraGroup, groupProperties } from './objects.ts'
import { parseQuery, type Query, type ResourceRules } from './query.ts'

export const groupRules: ResourceRules = {
  type: 'microsoft.graph.group',
  properties: groupProperties,
  orderBy: ['displayName'],
  canExpandMembers: true,
}

/** `$expand=members` gives this many and does not say so (contract §3.6). */
const expandedMembers = 20

/** `GET /groups` (contract §3.6). */
export function listGroups(context: GraphContext): GraphAnswer {
  requirePermission(context, 'GroupMember.Read.All')
  const { directory, listings, request } = context
  const query = parseQuery(request, groupRules)
  const page = listings.page(request, query, () => selectRows(directory.groups.values(), query))
  const value = page.ids.flatMap((id) => directory.groups.get(id) ?? []).map((group) => groupRow(context, group, query))
  const count = query.wantsCount ? page.total : undefined
  const body = collection(context, selectedFragment('groups', query.select), value, { nextLink: page.nextLink, count })
  return { body, resourceUnits: query.expandsMembers ? 2 : 1 }
}

/** `GET /groups/{id}` */
export function showGroup(context: GraphContext, id: string): GraphAnswer {
  requirePermission(context, 'GroupMember.Read.All')
  const group = context.directory.groups.get(id)
  if (group === undefined) throw resourceNotFound(id)
  const query = parseQuery(context.request, { ...groupRules, isCollection: false })
  const fragment = `${selectedFragment('groups', query.select)}/$entity`
  const body = groupRow(context, group, query)
  return { body: { '@odata.context': `${context.baseUrl}/$metadata#${fragment}`, ...body } }
}

function groupRow(context: GraphContext, group: Readonly<EntraGroup>, query: Query): Record<string, unknown> {
  const row = project(group, query.select ?? groupProperties)
  if (!query.expandsMembers) return row
  const members = [...context.directory.members(group.id)].sort().slice(0, expandedMembers)
  return { ...row, members: members.map((id) => memberRow(context, id, undefined)) }
}
