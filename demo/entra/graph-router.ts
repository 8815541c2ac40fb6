import { randomUUID } from 'node:crypto'
import { pathSegments, type ServiceAnswer } from '../https/exchange.ts'
import type { GraphAnswer, GraphContext } from './graph-context.ts'
import { groupsDelta, usersDelta } from './graph-delta.ts'
import { badRequest, permissionMissing } from './graph-error.ts'
import { listGroups, showGroup } from './graph-groups.ts'
import { listMembers } from './graph-members.ts'
import { answerSubscription } from './graph-subscriptions.ts'
import { listDomains, showOrganization } from './graph-tenant-objects.ts'
import {
  countObjects,
  getMemberGroups,
  listDeletedUsers,
  listGroupsOfUser,
  listUsers,
  showMe,
  showUser,
} from './graph-users.ts'

const jsonType = 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'

/** Answers one Graph request whose token is already checked. Throws `GraphRefusal`. */
export async function answerGraph(context: GraphContext, tenantId: string): Promise<ServiceAnswer> {
  const answer = await route(context, tenantId)
  const requestId = randomUUID()
  return {
    status: answer.status ?? 200,
    headers: {
      'content-type': jsonType,
      'request-id': requestId,
      'client-request-id': context.request.headers['client-request-id'] ?? requestId,
      'x-ms-resource-unit': String(cost(context, answer)),
      ...answer.headers,
    },
    body: answer.body,
  }
}

function route(context: GraphContext, tenantId: string): GraphAnswer | Promise<GraphAnswer> {
  const { request, directory } = context
  const segments = pathSegments(request.path)?.slice(2)
  if (segments === undefined) throw badRequest('Invalid URL encoding.')
  const [resource = '', id, relation, cast, ...rest] = segments
  if (request.method === 'POST' && resource === 'users' && id !== undefined && relation === 'getMemberGroups') {
    return getMemberGroups(context, id)
  }
  if (resource === 'subscriptions' && relation === undefined) return answerSubscription(context, id)
  if (request.method !== 'GET') throw permissionMissing()
  const pattern = rest.length > 0 ? 'too long' : [resource, id === undefined ? '' : named(id), relation ?? ''].join('/')
  switch (pattern) {
    case 'users//':
      return listUsers(context)
    case 'users/delta/':
      return usersDelta(context)
    case 'users/$count/':
      return countObjects(context, directory.users.size)
    case 'users/ID/':
      return showUser(context, id ?? '')
    case 'users/ID/memberOf':
      return listGroupsOfUser(context, id ?? '', false)
    case 'users/ID/transitiveMemberOf':
      return listGroupsOfUser(context, id ?? '', true)
    case 'me//':
      return showMe(context)
    case 'groups//':
      return listGroups(context)
    case 'groups/delta/':
      return groupsDelta(context)
    case 'groups/$count/':
      return countObjects(context, directory.groups.size)
    case 'groups/ID/':
      return showGroup(context, id ?? '')
    case 'groups/ID/members':
      return listMembers(context, id ?? '', false, cast)
    case 'groups/ID/transitiveMembers':
      return listMembers(context, id ?? '', true, cast)
    case 'domains//':
      return listDomains(context)
    case 'organization//':
      return showOrganization(context, tenantId)
    case 'directory/deletedItems/microsoft.graph.user':
      return listDeletedUsers(context)
    default:
      throw badRequest(`Resource not found for the segment '${resource}'.`)
  }
}

function named(id: string): string {
  return ['delta', '$count', 'deletedItems'].includes(id) ? id : 'ID'
}

/** Resource units of contract §6.3. */
function cost({ request }: GraphContext, { resourceUnits = 1 }: GraphAnswer): number {
  const top = Number(request.query.get('$top') ?? 100)
  const reductions = (request.query.has('$select') ? 1 : 0) + (top < 20 ? 1 : 0)
  return Math.max(1, resourceUnits - reductions)
}
