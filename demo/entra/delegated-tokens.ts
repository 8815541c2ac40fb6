import { createHash } from 'node:crypto'
import type { EntraUser } from './objects.ts'
import type { SignInContext } from './sign-in-context.ts'

export const openIdScopes: readonly string[] = ['openid', 'profile', 'email', 'offline_access']

/** Scopes of a request, told apart; those of Graph without their prefix. */
export interface Scopes {
  readonly openId: readonly string[]
  readonly resource: readonly string[]
}

export function parseScopes(text: string | null, prefix: string): Scopes {
  const names = (text ?? '').split(/\s+/).filter((name) => name !== '')
  return {
    openId: names.filter((name) => openIdScopes.includes(name)),
    resource: names
      .filter((name) => !openIdScopes.includes(name))
      .map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)),
  }
}

/** The answer of the token endpoint for a person: the token acts as `user` (contract §2.2). */
export function delegatedTokens(
  { application, tokens, tenantId }: SignInContext,
  user: Readonly<EntraUser>,
  { openId, resource }: Scopes,
  extras: { refreshToken?: string | undefined; nonce?: string | null | undefined; wantsClientInfo: boolean },
): unknown {
  const tid = application.tenantOfPeople ?? tenantId
  const person = { oid: user.id, preferred_username: user.userPrincipalName, name: user.displayName ?? '' }
  const idClaims = {
    // Immutable, and another one for each application.
    sub: createHash('sha256').update(`${application.clientId} ${user.id}`).digest('base64url'),
    tid,
    ver: '2.0',
    // The id that applications have in common belongs to the profile.
    ...(openId.includes('profile') ? person : {}),
    ...(typeof extras.nonce === 'string' ? { nonce: extras.nonce } : {}),
    ...application.idTokenClaims,
  }
  const accessClaims = { ...person, tid, appid: application.clientId, idtyp: 'user', scp: resource.join(' ') }
  const lifetime = tokens.lifetimeSeconds
  return {
    token_type: 'Bearer',
    scope: [...openId.filter((name) => name !== 'offline_access'), ...resource].join(' '),
    expires_in: lifetime,
    ext_expires_in: lifetime,
    access_token: tokens.issueForGraph(accessClaims),
    ...(extras.refreshToken === undefined ? {} : { refresh_token: extras.refreshToken }),
    ...(openId.includes('openid') ? { id_token: tokens.issueIdToken(application.clientId, idClaims) } : {}),
    ...(extras.wantsClientInfo ? { client_info: clientInfo(user.id, tenantId) } : {}),
  }
}

function clientInfo(userId: string, tenantId: string): string {
  return Buffer.from(JSON.stringify({ uid: userId, utid: tenantId })).toString('base64url')
}
