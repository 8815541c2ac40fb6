import { badRequest, resourceNotFound } from './graph-error.ts'
import {
  collection,
  type GraphAnswer,
  type GraphContext,
  requirePermission,
  selectedFragment,
} from './graph-context.ts'
import { project, selectRows } from './listing.ts'
import { defaultUserProperties, type EntraUser, groupProperties, userProperties } from './objects.ts'
import { parseQuery, type ResourceRules } from './query.ts'

export const userRules: ResourceRules = {
  type: 'microsoft.graph.user',
  properties: userProperties,
  orderBy: ['displayName', 'userPrincipalName'],
}

/** `GET /users` (contract §3.1–3.5). */
export function listUsers(context: GraphContext): GraphAnswer {
  requirePermission(context, 'User.Read.All')
  const { directory, listings, request } = context
  const query = parseQuery(request, userRules)
  const page = listings.page(request, query, () => selectRows(directory.users.values(), query))
  const names = query.select ?? defaultUserProperties
  const value = page.ids.flatMap((id) => directory.users.get(id) ?? []).map((user) => project(user, names))
  const count = query.wantsCount ? page.total : undefined
  const fragment = selectedFragment('users', query.select)
  return { body: collection(context, fragment, value, { nextLink: page.nextLink, count }), resourceUnits: 2 }
}

/** `GET /users/$count`, `/groups/$count`: plain text, needs the header only (contract §3.4). */
export function countObjects(context: GraphContext, count: number): GraphAnswer {
  if (context.request.headers.consistencylevel?.toLowerCase() !== 'eventual') {
    throw badRequest("$count is not currently supported without 'ConsistencyLevel: eventual'.")
  }
  return { body: String(count), headers: { 'content-type': 'text/plain' } }
}

/** `GET /users/{id or UPN}` */
export function showUser(context: GraphContext, idOrName: string): GraphAnswer {
  requirePermission(context, 'User.Read.All')
  return userAnswer(context, findUser(context, idOrName))
}

/** `GET /me` */
export function showMe(context: GraphContext): GraphAnswer {
  if (context.userId === undefined) throw badRequest('/me request is only valid with delegated authentication flow.')
  requirePermission(context, 'User.Read')
  return userAnswer(context, findUser(context, context.userId))
}

/** `GET /users/{id}/memberOf`, `GET /users/{id}/transitiveMemberOf` */
export function listGroupsOfUser(context: GraphContext, idOrName: string, transitive: boolean): GraphAnswer {
  requirePermission(context, 'GroupMember.Read.All')
  const { directory, listings, request } = context
  const user = findUser(context, idOrName)
  const query = parseQuery(request, {
    type: 'microsoft.graph.directoryObject',
    properties: groupProperties,
    orderBy: [],
  })
  const page = listings.page(request, query, () => directory.groupsOf(user.id, transitive))
  const value = page.ids
    .flatMap((id) => directory.groups.get(id) ?? [])
    .map((group) => ({ '@odata.type': '#microsoft.graph.group', ...project(group, query.select ?? groupProperties) }))
  const fragment = selectedFragment('directoryObjects', query.select)
  return { body: collection(context, fragment, value, { nextLink: page.nextLink }), resourceUnits: 2 }
}

/** `POST /users/{id}/getMemberGroups` */
export function getMemberGroups(context: GraphContext, idOrName: string): GraphAnswer {
  requirePermission(context, 'GroupMember.Read.All')
  const { securityEnabledOnly } = parseMemberGroupsBody(context.request.body)
  const user = findUser(context, idOrName)
  const ids = context.directory
    .groupsOf(user.id, true)
    .filter((id) => !securityEnabledOnly || context.directory.group(id).securityEnabled)
  return { body: collection(context, 'Collection(Edm.String)', ids), resourceUnits: 2 }
}

/** `GET /directory/deletedItems/microsoft.graph.user` */
export function listDeletedUsers(context: GraphContext): GraphAnswer {
  requirePermission(context, 'User.Read.All')
  const { directory, listings, request } = context
  const query = parseQuery(request, userRules)
  const page = listings.page(request, query, () => selectRows(directory.deletedUsers.values(), query))
  const names = query.select ?? defaultUserProperties
  const value = page.ids.flatMap((id) => directory.deletedUsers.get(id) ?? []).map((user) => project(user, names))
  return { body: collection(context, selectedFragment('users', query.select), value, { nextLink: page.nextLink }) }
}

function findUser({ directory }: GraphContext, idOrName: string): Readonly<EntraUser> {
  const user = directory.findUser(idOrName)
  if (user === undefined) throw resourceNotFound(idOrName)
  return user
}

function userAnswer(context: GraphContext, user: Readonly<EntraUser>): GraphAnswer {
  const query = parseQuery(context.request, { ...userRules, isCollection: false })
  const fragment = `${selectedFragment('users', query.select)}/$entity`
  const body = project(user, query.select ?? defaultUserProperties)
  return { body: { '@odata.context': `${context.baseUrl}/$metadata#${fragment}`, ...body } }
}

function parseMemberGroupsBody(body: string): { securityEnabledOnly: boolean } {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && 'securityEnabledOnly' in value) {
      if (typeof value.securityEnabledOnly === 'boolean') return { securityEnabledOnly: value.securityEnabledOnly }
    }
  } catch {
    // Answered below like a wrong value.
  }
  throw badRequest("The parameter 'securityEnabledOnly' is missing or not a Boolean.")
}
