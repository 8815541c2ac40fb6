import type { ApiAnswer, ApiContext } from './api-context.ts'
import { requireScope } from './api-context.ts'
import { listAppUsers } from './app-users.ts'
import { listGroups, listGroupsOfUser, listMembers, showGroup } from './groups.ts'
import { listLogs } from './logs.ts'
import { OktaRefusal } from './okta-error.ts'
import { activeDirectoryAppId } from './sample-groups.ts'
import { listUsers, showUser } from './users.ts'

/** `GET` below `/api/v1` (contract §2). */
export function routeApi(context: ApiContext, segments: readonly string[]): ApiAnswer {
  const [api, version, resource = '', id, relation, ...rest] = segments
  if (api !== 'api' || version !== 'v1' || rest.length > 0) throw noSuchPath()
  switch ([resource, id === undefined ? '' : 'ID', relation ?? ''].join('/')) {
    case 'users//':
      return listUsers(context)
    case 'users/ID/':
      return showUser(context, id ?? '')
    case 'users/ID/groups':
      return listGroupsOfUser(context, id ?? '')
    case 'groups//':
      return listGroups(context)
    case 'groups/ID/':
      return showGroup(context, id ?? '')
    case 'groups/ID/users':
      return listMembers(context, id ?? '')
    case 'apps/ID/users':
      return listAppUsers(context, id ?? '', activeDirectoryAppId)
    case 'logs//':
      return listLogs(context)
    case 'org//':
      requireScope(context, 'okta.orgs.read')
      return {
        body: {
          id: '00o7demoAcmeOrg00001',
          subdomain: 'acme',
          companyName: 'Acme Example',
          status: 'ACTIVE',
          website: null,
        },
      }
    default:
      throw noSuchPath()
  }
}

function noSuchPath(): OktaRefusal {
  return new OktaRefusal(404, 'E0000022', 'The endpoint does not support the provided HTTP method')
}
