import type { Clock } from '../server/runtime/clock.ts'
import type { OidcAdminsConfig } from '../server/runtime/config-schema.ts'
import type { AdminProvider } from './oidc/admins-sign-in.ts'
import { createRelyingParty, type IdTokenClaims } from './oidc/relying-party.ts'
import { ProviderError } from './provider-error.ts'
import { type ReadSecret, readProviderSecret } from './provider-secret.ts'
import { createEntraRelyingParty } from './providers/entra-id/browser-sign-in.ts'

const timeoutMs = 30_000

/** The identity providers of `admin.oidc`. */
export function createAdminProviders(
  configured: readonly OidcAdminsConfig[],
  parts: { readonly secret: ReadSecret; readonly clock: Pick<Clock, 'now'> },
): readonly AdminProvider[] {
  return configured.map((settings) => ({
    id: settings.id,
    name: settings.name,
    browserSignIn: browserSignIn(settings, parts),
  }))
}

function browserSignIn(
  { id, tenantId, authorityHost, issuer, clientId, clientSecret, scopes }: OidcAdminsConfig,
  { secret, clock }: Parameters<typeof createAdminProviders>[1],
): AdminProvider['browserSignIn'] {
  const common = {
    provider: id,
    clientId,
    clientSecret:
      clientSecret === null ? undefined : () => readProviderSecret(id, 'admin.oidc clientSecret', clientSecret, secret),
    scope: [...new Set(['openid', 'profile', ...scopes])].join(' '),
    timeoutMs,
    clock,
  }
  if (tenantId !== null) return createEntraRelyingParty({ ...common, tenantId, authorityHost })
  if (issuer === null) throw new Error(`admin.oidc: ${id} has no issuer`) // the configuration was checked
  return createRelyingParty({
    ...common,
    issuer: new URL(issuer),
    secretIn: 'header',
    idOf: (claims) => subjectOf(id, claims),
  })
}

/** As OpenID Connect Core §2 has it: 255 ASCII characters at most. */
function subjectOf(provider: string, { sub }: IdTokenClaims): string {
  if (/^[\x20-\x7e]{1,255}$/.test(sub)) return sub
  throw new ProviderError({
    provider,
    call: 'sign-in',
    what: 'the identity token has a sub that is none',
    advice: 'Ask whoever runs the provider.',
  })
}
