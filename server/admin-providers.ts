import { isDeepStrictEqual } from 'node:util'
import { createAdminProviders } from '../sync/admin-providers.ts'
import { type AdminsSignIn, createAdminsSignIn } from '../sync/oidc/admins-sign-in.ts'
import type { Logger } from '../sync/logger.ts'
import type { ReadSecret } from '../sync/provider-secret.ts'
import type { Config } from './runtime/config-schema.ts'
import type { Workspace } from './workspace.ts'

/** Sign-in of administrators at the identity providers of `admin.oidc`. */
export function adminsSignIn(
  workspace: Pick<Workspace, 'config' | 'administrators' | 'clock'>,
  { secret, logger }: { readonly secret: ReadSecret; readonly logger: Pick<Logger, 'warn'> },
): AdminsSignIn {
  const { administrators, clock } = workspace
  let made: { readonly of: Config; readonly signIn: AdminsSignIn } | undefined
  /** Made anew for another configuration: who is on the way meanwhile begins again. */
  function current(): AdminsSignIn {
    const { config } = workspace
    if (made === undefined || !isDeepStrictEqual(made.of.admin.oidc, config.admin.oidc)) {
      const signIn = createAdminsSignIn({
        providers: createAdminProviders(config.admin.oidc, { secret, clock }),
        redirectUri: adminRedirectUri(config.admin.publicUrl),
        admit: (...identity) => administrators.oidc.admit(...identity),
        clock,
        logger,
      })
      made = { of: config, signIn }
    }
    return made.signIn
  }
  return {
    get places() {
      return current().places
    },
    begin: (...chosen) => current().begin(...chosen),
    complete: (answer) => current().complete(answer),
  }
}

/** Where an identity provider sends administrators back to; to be registered there. */
export function adminRedirectUri(publicUrl: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/admin/callback`
}
