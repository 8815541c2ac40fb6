import { badRequest } from './graph-error.ts'
import { collection, type GraphAnswer, type GraphContext, requirePermission } from './graph-context.ts'

/** `GET /domains`: never paged (contract §3.1, §3.7). */
export function listDomains(context: GraphContext): GraphAnswer {
  requirePermission(context, 'Domain.Read.All')
  if (context.request.query.has('$top')) throw badRequest("'$top' is not supported by the service.")
  const value = context.directory.domains.map((domain) => ({
    ...domain,
    isAdminManaged: true,
    isRoot: domain.id.split('.').length === 2,
    supportedServices: domain.isVerified ? ['Email'] : [],
  }))
  return { body: collection(context, 'domains', value) }
}

/** `GET /organization` */
export function showOrganization(context: GraphContext, tenantId: string): GraphAnswer {
  requirePermission(context, 'Organization.Read.All')
  const verifiedDomains = context.directory.domains
    .filter((domain) => domain.isVerified)
    .map(({ id, isDefault, isInitial, authenticationType }) => ({
      name: id,
      isDefault,
      isInitial,
      type: authenticationType,
      capabilities: 'Email, OfficeCommunicationsOnline',
    }))
  const organization = {
    id: tenantId,
    displayName: 'Contoso Example',
    createdDateTime: '2019-01-07T00:00:00Z',
    verifiedDomains,
  }
  return { body: collection(context, 'organization', [organization]) }
}
