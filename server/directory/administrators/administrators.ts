import type { BcryptPool } from '../authentication/bcrypt-pool.ts'
import type { AdminContext } from './admin-context.ts'
import { type AdminCredentials, createAdminCredentials } from './admin-credentials.ts'
import { adminHashes } from './admin-hashes.ts'
import { type AdminList, createAdminList } from './admin-list.ts'
import { type ApiTokens, createApiTokens } from './api-tokens.ts'
import { createOidcAdmins, isOidcName, type OidcAdmins } from './oidc-admins.ts'
import { type AdminSignIn, createAdminSignIn } from './admin-sign-in.ts'

/** Who administers this server, and how they sign in. */
export interface Administrators extends AdminList {
  readonly credentials: AdminCredentials
  readonly signIn: AdminSignIn
  readonly apiTokens: ApiTokens
  /** Those who sign in at an identity provider. */
  readonly oidc: OidcAdmins
}

export function createAdministrators(
  parts: Omit<AdminContext, 'hashes'> & { readonly bcrypt: Pick<BcryptPool, 'compare' | 'hash'> },
): Administrators {
  const context = { ...parts, hashes: adminHashes(parts.bcrypt) }
  const oidc = createOidcAdmins(context)
  const list = createAdminList(context)
  const signIn = createAdminSignIn(context)
  return {
    ...list,
    signOutEverywhere: (name, by) => (isOidcName(name) ? oidc : list).signOutEverywhere(name, by),
    credentials: createAdminCredentials(context),
    signIn: { ...signIn, signedIn: (name, epoch) => (isOidcName(name) ? oidc : signIn).signedIn(name, epoch) },
    oidc,
    apiTokens: createApiTokens(context),
  }
}
