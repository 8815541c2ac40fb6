import type { ICachePlugin } from '@azure/msal-node'
import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import { MasterKeyError } from '../../../server/runtime/master-key.ts'
import type { Authorization, Authorizations } from '../../authorizations.ts'
import type { CallPacer } from '../../call-pacer.ts'
import { ProviderError } from '../../provider-error.ts'
import type { ApplicationCredential, ApplicationProof } from './application-credentials.ts'
import { accountClient } from './msal-configuration.ts'
import type { CallContext } from '../../identity-provider.ts'
import type { TokenCredential } from './token-credential.ts'
import { describeTokenFailure } from './token-errors.ts'

export interface DelegatedCredentialsOptions {
  readonly config: EntraProviderConfig
  readonly authorizations: Authorizations
  readonly scopes: (permissions: readonly string[]) => string[]
  /** What the application proves itself with when it renews a token; none makes it a public client. */
  readonly applications: readonly ApplicationCredential[]
  /** One call at a time, so that no two renewals of an authorization use the same refresh token. */
  readonly pacer: CallPacer
  readonly clock: Clock
}

/** A token is renewed this long before it ends. */
const renewBeforeMs = 5 * 60_000

interface KnownToken {
  /** Which authorization under the id it belongs to. */
  readonly of: string
  readonly token: string
  readonly expiresMs: number
}

/**
 * Tokens that act as an administrator who has authorized the account. Each renewal gives a new refresh token, which is
 * durable in the store before the access token is used. The MSAL client is made anew for each renewal: it would keep an
 * older refresh token in memory, and repeat a failure without asking (contract §2.4, §2.6).
 */
export function createDelegatedCredentials(options: DelegatedCredentialsOptions): () => Promise<TokenCredential[]> {
  const { config, authorizations, pacer, clock } = options
  const known = new Map<string, KnownToken>()
  /** Rotated tokens that the store could not take, by authorization and time: the ones before them are of no use. */
  const unsaved = new Map<string, string>()

  function credentialOf(authorization: Authorization): TokenCredential {
    const { id, authorizedBy, purposes, permissions, broken } = authorization
    const mark = async (reason: string, mayHeal: boolean) =>
      authorizations.mark(config.id, id, { since: clock.now().toISOString(), reason, mayHeal })
    return {
      name: id,
      kind: 'delegated',
      purposes,
      permissions,
      authorizedBy,
      label: `the authorization of ${authorizedBy}`,
      expires: () => Promise.resolve(null),
      broken: broken === null || broken.mayHeal ? undefined : brokenError(config.id, authorization),
      async acquire(context, isUsable) {
        return await pacer.call(context, async () => {
          const held = known.get(id)
          const isFresh =
            held?.of === authorization.authorized && held.expiresMs > clock.now().getTime() + renewBeforeMs
          if (isFresh && isUsable(held.token)) return { type: 'done', value: held.token }
          try {
            const token = await renewToken(authorization, context)
            known.set(id, token)
            return { type: 'done', value: token.token }
          } catch (thrown) {
            context.signal.throwIfAborted()
            const { error, kind } = describeTokenFailure(config.id, thrown, authorizedBy)
            if (kind === 'temporary') return { type: 'transient', error }
            known.delete(id)
            if (kind !== 'configuration') await mark(error.message, kind === 'account')
            return { type: 'failed', error }
          }
        })
      },
      worked: () => authorizations.mark(config.id, id, null),
      // Without a demand to sign in again the service may be at fault, so each run tries it.
      refused: (error, needsSignIn) => mark(error.message, !needsSignIn),
    }
  }

  /** With the next application credential where one is refused: that is not the account's fault. */
  async function renewToken(authorization: Authorization, context: CallContext): Promise<KnownToken> {
    const { applications } = options
    let refused: unknown
    for (const application of applications.length === 0 ? [undefined] : applications) {
      try {
        return await renewAs(await application?.proof(), authorization, context)
      } catch (thrown) {
        if (describeTokenFailure(config.id, thrown, authorization.authorizedBy).kind !== 'configuration') throw thrown
        refused ??= thrown
      }
    }
    throw refused
  }

  async function renewAs(
    proof: ApplicationProof | undefined,
    authorization: Authorization,
    context: CallContext,
  ): Promise<KnownToken> {
    const { permissions, authorizedBy, authorized } = authorization
    const client = accountClient(config, proof, {
      // Not ended by the run: the answer holds the only refresh token that will work from then on.
      onRequest: () => context.traffic.calls++,
      cachePlugin: await storedCache(authorization),
    })
    const [account] = await client.getTokenCache().getAllAccounts()
    if (account === undefined)
      throw new ProviderError({
        provider: config.id,
        call: `authorization of ${authorizedBy}`,
        what: 'its tokens are not in the store',
        advice: 'Authorize the account again.',
      })
    const result = await client.acquireTokenSilent({
      account,
      scopes: options.scopes(permissions),
      forceRefresh: true,
    })
    return { of: authorized, token: result.accessToken, expiresMs: result.expiresOn?.getTime() ?? 0 }
  }

  async function storedCache(authorization: Authorization): Promise<ICachePlugin> {
    const { id, authorizedBy } = authorization
    const version = `${id} ${authorization.authorized}`
    const failure = (what: string, advice: string, isTransient: boolean, cause: unknown) =>
      new ProviderError({
        provider: config.id,
        call: `authorization of ${authorizedBy}`,
        what,
        advice,
        isTransient,
        cause,
      })
    let tokens: string | undefined
    try {
      tokens = unsaved.get(version) ?? (await authorizations.tokens(config.id, id))
    } catch (cause) {
      if (!(cause instanceof MasterKeyError)) throw cause
      throw failure(cause.message, 'Until then this authorization is left out.', false, cause)
    }
    return {
      beforeCacheAccess: async ({ tokenCache }) => {
        if (tokens !== undefined) tokenCache.deserialize(tokens)
      },
      afterCacheAccess: async ({ cacheHasChanged, tokenCache }) => {
        if (!cacheHasChanged) return
        tokens = tokenCache.serialize()
        unsaved.set(version, tokens)
        try {
          await authorizations.keepTokens(config.id, authorization, tokens)
          unsaved.delete(version)
        } catch (cause) {
          throw failure('the renewed token could not be stored', 'Check dataDir and its disk.', true, cause)
        }
      },
    }
  }

  return async () => (await authorizations.list(config.id)).map(credentialOf)
}

function brokenError(provider: string, { authorizedBy, broken }: Authorization): ProviderError {
  const call = `authorization of ${authorizedBy}`
  // A reason of the authority begins with the same words, one of Microsoft Graph names its call.
  const prefixes = [`${provider}: ${call}: `, `${provider}: `]
  const reason = broken?.reason ?? ''
  const prefix = prefixes.find((text) => reason.startsWith(text)) ?? ''
  return new ProviderError({
    provider,
    call,
    what: `broken since ${broken?.since ?? ''}: ${reason.slice(prefix.length).replace(/\.$/, '')}`,
    advice: `"rosterd provider authorize ${provider}" makes a link for a new one.`,
  })
}
