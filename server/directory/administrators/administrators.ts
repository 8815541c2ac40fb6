import type { BcryptPool } from '../authentication/bcrypt-pool.ts'
import type { AdminContext } from './admin-context.ts'
import { type AdminCredentials, createAdminCredentials } from './admin-credentials.ts'
import { adminHashes } from './admin-hashes.ts'
import { type AdminList, createAdminList } from './admin-list.ts'
import { type ApiTokens, createApiTokens } from './api-tokens.ts'
import { type AdminSignIn, createAdminSignIn } from './admin-sign-in.ts'

/** Who administers this server, and how they sign in. */
export interface Administrators extends AdminList {
  readonly credentials: AdminCredentials
  readonly signIn: AdminSignIn
  readonly apiTokens: ApiTokens
}

export function createAdministrators(
  parts: Omit<AdminContext, 'hashes'> & { readonly bcrypt: Pick<BcryptPool, 'compare' | 'hash'> },
): Administrators {
  const context = { ...parts, hashes: adminHashes(parts.bcrypt) }
  return {
    ...createAdminList(context),
    credentials: createAdminCredentials(context),
    signIn: createAdminSignIn(context),
    apiTokens: createApiTokens(context),
  }
}
