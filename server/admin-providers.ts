import { createAdminProviders } from '../sync/admin-providers.ts'
import { type AdminsSignIn, createAdminsSignIn } from '../sync/oidc/admins-sign-in.ts'
import type { Logger } from '../sync/logger.ts'
import type { ReadSecret } from '../sync/provider-secret.ts'
import type { Workspace } from './workspace.ts'

/** Sign-in of administrators at the identity providers of `admin.oidc`. */
export function adminsSignIn(
  { config, administrators, clock }: Pick<Workspace, 'config' | 'administrators' | 'clock'>,
  { secret, logger }: { readonly secret: ReadSecret; readonly logger: Pick<Logger, 'warn'> },
): AdminsSignIn {
  return createAdminsSignIn({
    providers: createAdminProviders(config.admin.oidc, { secret, clock }),
    redirectUri: adminRedirectUri(config.admin.publicUrl),
    admit: (...identity) => administrators.oidc.admit(...identity),
    clock,
    logger,
  })
}

/** Where an identity provider sends administrators back to; to be registered there. */
export function adminRedirectUri(publicUrl: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/admin/callback`
}
