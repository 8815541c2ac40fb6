import { type ApiAnswer, type ApiContext, requireScope } from './api-context.ts'
import { type ExpressionRules, parseExpression } from './expression.ts'
import { parseLimit } from './listing.ts'
import type { OktaGroup } from './objects.ts'
import { notFound } from './okta-error.ts'
import { wireUser } from './users.ts'

const listLimit = 10_000
const memberLimit = 1000
const typeAheadLimit = 300

const filterRules: ExpressionRules = (property, operator) =>
  ['lastUpdated', 'lastMembershipUpdated'].includes(property)
    ? ['eq', 'gt', 'ge', 'lt', 'le'].includes(operator)
    : ['id', 'type'].includes(property) && operator === 'eq'

const searchRules: ExpressionRules = (property) =>
  ['id', 'type', 'created', 'lastUpdated', 'lastMembershipUpdated'].includes(property) ||
  /^profile\.\w+$/.test(property)

/** `GET /api/v1/groups` (contract §2.3, §3.2). */
export function listGroups(context: ApiContext): ApiAnswer {
  requireScope(context, 'okta.groups.read')
  const { directory, listings, request } = context
  const typeAhead = request.query.get('q')
  if (typeAhead !== null) return findByTypeAhead(context, typeAhead)
  const page = listings.page(request, listLimit, () => {
    const [filter, search] = [request.query.get('filter'), request.query.get('search')]
    const isFiltered = filter === null ? () => true : parseExpression(filter, filterRules)
    const isFound = search === null ? () => true : parseExpression(search, searchRules)
    return [...directory.groups.values()]
      .filter((group) => isFiltered(group) && isFound(group))
      .map(({ id }) => id)
      .sort()
  })
  const groups = page.ids.flatMap((id) => directory.groups.get(id) ?? [])
  return { body: groups.map((group) => wireGroup(context, group)), links: page.links }
}

/** `GET /api/v1/groups/{id}` */
export function showGroup(context: ApiContext, id: string): ApiAnswer {
  requireScope(context, 'okta.groups.read')
  return { body: wireGroup(context, findGroup(context, id)) }
}

/** `GET /api/v1/groups/{id}/users` */
export function listMembers(context: ApiContext, id: string): ApiAnswer {
  requireScope(context, 'okta.groups.read')
  const { directory, listings, origin, request } = context
  const group = findGroup(context, id)
  const page = listings.page(request, memberLimit, () => [...directory.members(group.id)].sort())
  const users = page.ids.flatMap((userId) => directory.users.get(userId) ?? [])
  return { body: users.map((user) => wireUser(user, origin)), links: page.links }
}

/** `GET /api/v1/users/{id}/groups` */
export function listGroupsOfUser(context: ApiContext, name: string): ApiAnswer {
  requireScope(context, 'okta.users.read', 'okta.groups.read')
  const { directory } = context
  const user = directory.findUser(name)
  if (user === undefined) throw notFound(name, 'User')
  const groups = [...directory.groups.values()].filter((group) => directory.members(group.id).has(user.id))
  return { body: groups.map((group) => wireGroup(context, group)) }
}

function findGroup({ directory }: ApiContext, id: string): OktaGroup {
  const group = directory.groups.get(id)
  if (group === undefined) throw notFound(id, 'UserGroup')
  return group
}

function wireGroup({ origin, request, directory }: ApiContext, group: OktaGroup): Record<string, unknown> {
  const { id, created, lastUpdated, lastMembershipUpdated, type, profile, sourceId } = group
  const withStats = request.query.get('expand') === 'stats'
  return {
    id,
    created,
    lastUpdated,
    lastMembershipUpdated,
    objectClass: [type === 'APP_GROUP' ? 'okta:windows_security_principal' : 'okta:user_group'],
    type,
    profile,
    _links: { users: { href: `${origin}/api/v1/groups/${id}/users` } },
    ...(sourceId === undefined ? {} : { source: { id: sourceId } }),
    ...(withStats ? { _embedded: { stats: { usersCount: directory.members(id).size } } } : {}),
  }
}

function findByTypeAhead(context: ApiContext, text: string): ApiAnswer {
  const limit = Math.min(parseLimit(context.request.query.get('limit'), typeAheadLimit), typeAheadLimit)
  const wanted = text.toLowerCase()
  const groups = [...context.directory.groups.values()].filter(({ profile }) =>
    profile.name.toLowerCase().startsWith(wanted),
  )
  return { body: groups.slice(0, limit).map((group) => wireGroup(context, group)) }
}
