import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { CredentialPurpose } from '../../credential-health.ts'

/** Delegated permissions of Microsoft Graph that an authorization for these purposes needs (contract §2.2). */
export function delegatedPermissions(
  purposes: readonly CredentialPurpose[],
  domainsAreRead: boolean,
): readonly string[] {
  return [
    ...(purposes.includes('users') ? ['User.Read.All'] : []),
    ...(purposes.includes('users') && domainsAreRead ? ['Domain.Read.All'] : []),
    ...(purposes.includes('groups') ? ['GroupMember.Read.All'] : []),
  ]
}

/** The same as scopes: with the prefix of the configured cloud (contract §1). MSAL adds openid, profile and offline_access. */
export function delegatedScopes(
  { scope, graphUrl }: Pick<EntraProviderConfig, 'scope' | 'graphUrl'>,
  permissions: readonly string[],
): string[] {
  const ending = '/.default'
  const resource = scope.endsWith(ending) ? scope.slice(0, -ending.length) : new URL(graphUrl).origin
  return permissions.map((name) => `${resource}/${name}`)
}
