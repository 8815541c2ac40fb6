import { type ApiAnswer, type ApiContext, requireScope } from './api-context.ts'
import { notFound } from './okta-error.ts'

const listLimit = 50

/** `GET /api/v1/apps/{appId}/users`: the AD values of the users that the AD instance sources (contract §3.1). */
export function listAppUsers(context: ApiContext, appId: string, knownAppId: string): ApiAnswer {
  requireScope(context, 'okta.apps.read')
  if (appId !== knownAppId) throw notFound(appId, 'AppInstance')
  const { directory, listings, request } = context
  const page = listings.page(request, listLimit, () =>
    [...directory.users.values()]
      .filter(({ provider }) => provider.type === 'ACTIVE_DIRECTORY')
      .map(({ id }) => id)
      .sort(),
  )
  const body = page.ids
    .flatMap((id) => directory.users.get(id) ?? [])
    .map((user) => {
      const { firstName, lastName, email, login } = user.profile
      const localPart = login.split('@')[0] ?? login
      const samAccountName = user.profile.samAccountName ?? localPart.slice(0, 20)
      const userPrincipalName = `${localPart}@corp.acme.example`
      const dn = `CN=${firstName} ${lastName},OU=Staff,DC=corp,DC=acme,DC=example`
      return {
        id: user.id,
        externalId: Buffer.from(user.id).toString('base64'),
        scope: 'USER',
        status: user.status === 'DEPROVISIONED' ? 'DEPROVISIONED' : 'ACTIVE',
        syncState: 'SYNCHRONIZED',
        lastUpdated: user.lastUpdated,
        credentials: { userName: userPrincipalName },
        profile: { samAccountName, userPrincipalName, dn, firstName, lastName, email },
      }
    })
  return { body, links: page.links }
}
