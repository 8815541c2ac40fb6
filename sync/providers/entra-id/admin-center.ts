import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { AdminPlace } from '../../admin-place.ts'

/** Where users of a tenant are managed. National clouds have other addresses, which are not guessed. */
export function entraAdminCenter({ authorityHost }: EntraProviderConfig, userId: string): AdminPlace {
  const isGlobal = new URL(authorityHost).hostname === 'login.microsoftonline.com'
  const user = `https://entra.microsoft.com/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/${encodeURIComponent(userId)}`
  return { label: 'Entra admin center', address: isGlobal ? user : null }
}
