import type { AdminContext } from './admin-context.ts'
import { type AdminCredentials, createAdminCredentials } from './admin-credentials.ts'
import { type AdminList, createAdminList } from './admin-list.ts'
import { type AdminSignIn, createAdminSignIn } from './admin-sign-in.ts'
import { politeBcrypt } from './polite-bcrypt.ts'

/** Who administers this server, and how they sign in. */
export interface Administrators extends AdminList {
  readonly credentials: AdminCredentials
  readonly signIn: AdminSignIn
}

export function createAdministrators(parts: AdminContext): Administrators {
  const context = { ...parts, bcrypt: politeBcrypt(parts.bcrypt) }
  return {
    ...createAdminList(context),
    credentials: createAdminCredentials(context),
    signIn: createAdminSignIn(context),
  }
}
