import type { OktaProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { BrowserSignIn } from '../../oidc/browser-sign-in.ts'
import { createRelyingParty } from '../../oidc/relying-party.ts'
import type { ProviderParts } from '../../provider-parts.ts'
import { readProviderSecret } from '../../provider-secret.ts'

/** People of the org, by `sub` of its own authorization server. undefined where no client is configured. */
export function createOktaSignIn(
  { id, requestTimeoutSeconds, signIn }: OktaProviderConfig,
  org: URL,
  { clock, secret }: Pick<ProviderParts, 'clock' | 'secret'>,
): BrowserSignIn | undefined {
  const { clientId, clientSecret } = signIn
  if (clientId === null) return undefined
  return createRelyingParty({
    provider: id,
    issuer: org,
    clientId,
    clientSecret:
      clientSecret === null ? undefined : () => readProviderSecret(id, 'signIn.clientSecret', clientSecret, secret),
    secretIn: 'header',
    scope: 'openid',
    timeoutMs: requestTimeoutSeconds * 1000,
    clock,
    idOf: ({ sub }) => sub,
  })
}
