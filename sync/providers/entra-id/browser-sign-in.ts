import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { BrowserSignIn } from '../../oidc/browser-sign-in.ts'
import { createRelyingParty, type IdTokenClaims, type RelyingPartyOptions } from '../../oidc/relying-party.ts'
import { ProviderError } from '../../provider-error.ts'
import type { ProviderParts } from '../../provider-parts.ts'
import { readProviderSecret } from '../../provider-secret.ts'
import { isUuid } from '../../name-based-uuid.ts'
import { explainSignIn } from './token-errors.ts'

/** People of the tenant, by `tid` and `oid`. undefined where no client is configured. */
export function createEntraSignIn(
  { id, tenantId, authorityHost, requestTimeoutSeconds, signIn }: EntraProviderConfig,
  { clock, secret }: Pick<ProviderParts, 'clock' | 'secret'>,
): BrowserSignIn | undefined {
  const { clientId, clientSecret } = signIn
  // Only the GUID of a tenant is in its tokens; reading the provider says so.
  if (clientId === null || !isUuid(tenantId)) return undefined
  return createEntraRelyingParty({
    provider: id,
    tenantId,
    authorityHost,
    clientId,
    clientSecret:
      clientSecret === null ? undefined : () => readProviderSecret(id, 'signIn.clientSecret', clientSecret, secret),
    // `oid` is a claim of the profile; `sub` is another one for each application.
    scope: 'openid profile',
    timeoutMs: requestTimeoutSeconds * 1000,
    clock,
  })
}

export interface EntraRelyingPartyOptions
  extends Pick<RelyingPartyOptions, 'provider' | 'clientId' | 'clientSecret' | 'scope' | 'timeoutMs' | 'clock'> {
  /** GUID. */
  readonly tenantId: string
  readonly authorityHost: string
}

/** A client of a tenant, for people of that tenant alone. */
export function createEntraRelyingParty({ tenantId, authorityHost, ...options }: EntraRelyingPartyOptions) {
  const tenant = tenantId.toLowerCase()
  return createRelyingParty({
    ...options,
    issuer: new URL(`${authorityHost.replace(/\/+$/, '')}/${tenant}/v2.0`),
    secretIn: 'body',
    idOf: (claims) => objectIdOf(options.provider, tenant, claims),
    explain: explainSignIn,
  })
}

function objectIdOf(provider: string, tenant: string, { tid, oid }: IdTokenClaims): string {
  const failure = (what: string, advice: string) => new ProviderError({ provider, call: 'sign-in', what, advice })
  if (typeof tid !== 'string' || tid.toLowerCase() !== tenant)
    throw failure(
      `somebody of the tenant ${typeof tid === 'string' ? tid : 'that is not named'} signed in, not of ${tenant}`,
      'Sign in with an account of that tenant.',
    )
  if (typeof oid !== 'string' || oid === '')
    throw failure('the identity token has no oid', 'Allow the scope profile to the application.')
  return oid
}
