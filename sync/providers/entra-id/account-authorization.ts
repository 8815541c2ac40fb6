import type { AuthenticationResult } from '@azure/msal-node'
import { createHash } from 'node:crypto'
import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { AuthorizedAccount } from '../../authorizations.ts'
import type { CredentialPurpose } from '../../credential-health.ts'
import type { AccountAuthorization, AuthorizationAnswer, AuthorizationRequest } from '../../identity-provider.ts'
import { ProviderError } from '../../provider-error.ts'
import { isJsonObject } from '../../record-fields.ts'
import { checkTenant } from './access-token.ts'
import type { ApplicationCredential } from './application-credentials.ts'
import { accountClient } from './msal-configuration.ts'
import { describeRefusal, describeTokenFailure } from './token-errors.ts'

export interface AccountAuthorizationOptions {
  readonly config: EntraProviderConfig
  /** What the application proves itself with; none makes it a public client. */
  readonly applications: readonly ApplicationCredential[]
  readonly permissions: (purposes: readonly CredentialPurpose[]) => readonly string[]
  readonly scopes: (permissions: readonly string[]) => string[]
  /** Tries every permission for these purposes with the token of this account. Throws {@link ProviderError}. */
  readonly probe: (token: ProbedToken, signal: AbortSignal) => Promise<void>
}

export interface ProbedToken {
  readonly accessToken: string
  readonly authorizedBy: string
  readonly purposes: readonly CredentialPurpose[]
}

/** "Authorize account": authorization code with PKCE, state and nonce (contract §2.2). */
export function createAccountAuthorization(options: AccountAuthorizationOptions): AccountAuthorization {
  const { config, applications, probe } = options

  async function client(signal: AbortSignal) {
    checkTenant(config.id, config.tenantId)
    return accountClient(config, await applications[0]?.proof(), { signal: () => signal })
  }

  async function redeem(
    { redirectUri, purposes, nonce, verifier }: Omit<AuthorizationRequest, 'state'>,
    code: string,
    signal: AbortSignal,
  ): Promise<{ readonly result: AuthenticationResult; readonly tokens: string }> {
    const application = await client(signal)
    try {
      const scopes = options.scopes(options.permissions(purposes))
      const result = await application.acquireTokenByCode({ code, redirectUri, scopes, nonce, codeVerifier: verifier })
      return { result, tokens: application.getTokenCache().serialize() }
    } catch (thrown) {
      signal.throwIfAborted()
      const { error } = describeTokenFailure(config.id, thrown, 'the account')
      throw error
    }
  }

  /** Whose account it is: of the configured tenant, and able to be used without its owner. */
  function checkedAccount({ result, tokens }: Awaited<ReturnType<typeof redeem>>) {
    const failure = (what: string, advice: string) =>
      new ProviderError({ provider: config.id, call: 'sign-in', what, advice })
    const { account } = result
    const claims: unknown = result.idTokenClaims
    const tenant = isJsonObject(claims) ? claims.tid : undefined
    if (account === null || typeof tenant !== 'string')
      throw failure('the authority did not say whose account it is', 'Try again.')
    if (tenant.toLowerCase() !== config.tenantId.toLowerCase())
      throw failure(
        `${account.username} signed in to the tenant ${tenant}, not to the configured tenant ${config.tenantId}`,
        'Sign in with an account of that tenant, or correct tenantId.',
      )
    const cache: unknown = JSON.parse(tokens)
    const refreshTokens = isJsonObject(cache) ? cache.RefreshToken : undefined
    if (!isJsonObject(refreshTokens) || Object.keys(refreshTokens).length === 0)
      throw failure('the authority gave no refresh token', 'Allow offline_access to the application.')
    return account
  }

  return {
    authority: new URL(config.authorityHost).origin,
    permissions: options.permissions,
    async address({ redirectUri, purposes, state, nonce, verifier }, signal) {
      const application = await client(signal)
      try {
        return await application.getAuthCodeUrl({
          scopes: options.scopes(options.permissions(purposes)),
          redirectUri,
          state,
          nonce,
          codeChallenge: createHash('sha256').update(verifier).digest('base64url'),
          codeChallengeMethod: 'S256',
          prompt: 'select_account',
        })
      } catch (thrown) {
        signal.throwIfAborted()
        throw describeTokenFailure(config.id, thrown).error
      }
    },
    async complete(request, answer: AuthorizationAnswer, signal): Promise<AuthorizedAccount> {
      const { code, error, errorDescription } = answer
      if (code === undefined) throw describeRefusal(config.id, { error: error ?? 'no code', errorDescription })
      const redeemed = await redeem(request, code, signal)
      const { username: authorizedBy, homeAccountId } = checkedAccount(redeemed)
      const { purposes } = request
      await probe({ accessToken: redeemed.result.accessToken, authorizedBy, purposes }, signal)
      const permissions = options.permissions(purposes)
      return { purposes, permissions, authorizedBy, accountId: homeAccountId, tokens: redeemed.tokens }
    },
  }
}
