import * as oidc from 'openid-client'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Secret } from '../../server/runtime/secret.ts'
import { ProviderError } from '../provider-error.ts'
import type { BrowserSignIn, BrowserSignInRequest, SignedInIdentity } from './browser-sign-in.ts'
import { type FailureWords, signInFailure } from './sign-in-failures.ts'

/** The claims of an identity token, checked: signature, issuer, audience, expiry and nonce. */
export type IdTokenClaims = oidc.IDToken

/** Who signed in, and everything that the provider said of them. */
export interface IdentityWithClaims extends SignedInIdentity {
  readonly claims: IdTokenClaims
}

export interface RelyingPartyOptions {
  /** Provider id. */
  readonly provider: string
  /** Issuer, character for character; its discovery document is below it. */
  readonly issuer: URL
  readonly clientId: string
  /** Reads the secret of the client; undefined for a public client. Throws ProviderError. */
  readonly clientSecret: (() => Promise<Secret>) | undefined
  /** How the secret is sent: in the form, or in a header. */
  readonly secretIn: 'body' | 'header'
  readonly scope: string
  readonly timeoutMs: number
  readonly clock: Pick<Clock, 'now'>
  /** Who the claims are about. Throws ProviderError when that is nobody of the tenant. */
  readonly idOf: (claims: IdTokenClaims) => string
  /** What the vendor's texts say. */
  readonly explain?: (text: string) => FailureWords | undefined
}

/** Discovery documents change seldom; an older one does while the provider does not answer. */
const metadataLifeMs = 3_600_000
const oldestMetadataMs = 24 * 3_600_000
const longestAnswerSeconds = 10
/** Clocks differ. */
const toleranceMs = 60_000

/** A client of an OpenID provider: authorization code with PKCE, state and nonce. */
export function createRelyingParty(options: RelyingPartyOptions): BrowserSignIn<IdentityWithClaims> {
  const { provider, issuer, clientId, clock, idOf } = options
  const timeout = Math.min(options.timeoutMs / 1000, longestAnswerSeconds)
  let secret: string | undefined
  let known: { readonly config: oidc.Configuration; readonly since: number } | undefined
  let asking: Promise<oidc.Configuration> | undefined

  /** With the secret as it is now: it may be replaced while the server runs. */
  const authenticate: oidc.ClientAuth = (...request) => {
    if (secret === undefined) oidc.None()(...request)
    else if (options.secretIn === 'body') oidc.ClientSecretPost(secret)(...request)
    else oidc.ClientSecretBasic(secret)(...request)
  }

  async function discover(): Promise<oidc.Configuration> {
    const metadata = { id_token_signed_response_alg: 'RS256' }
    const config = await oidc.discovery(issuer, clientId, metadata, authenticate, { timeout })
    // Without it the identity token is believed for the connection that it came through.
    oidc.enableNonRepudiationChecks(config)
    const { issuer: named, authorization_endpoint: endpoint = '' } = config.serverMetadata()
    // Some have a slash behind the host, and some have none.
    if (URL.parse(named)?.href !== issuer.href)
      throw badMetadata(`the provider calls itself ${named}, not ${textOf(issuer)}`)
    if (URL.parse(endpoint)?.origin !== issuer.origin)
      throw badMetadata(`people would sign in at "${endpoint}", which is not below ${issuer.origin}`)
    known = { config, since: clock.now().getTime() }
    return config
  }

  async function configuration(): Promise<oidc.Configuration> {
    secret = (await options.clientSecret?.())?.reveal()
    const age = known === undefined ? Number.POSITIVE_INFINITY : Math.abs(clock.now().getTime() - known.since)
    if (known !== undefined && age < metadataLifeMs) return known.config
    asking ??= discover().finally(() => {
      asking = undefined
    })
    try {
      return await asking
    } catch (thrown) {
      const failure = signInFailure(provider, 'discovery', thrown, options.explain)
      if (known !== undefined && failure.isTransient && age < oldestMetadataMs) return known.config
      throw failure
    }
  }

  async function claimsOf(
    config: oidc.Configuration,
    { redirectUri, state, nonce, verifier }: BrowserSignInRequest,
    answer: URLSearchParams,
  ): Promise<IdTokenClaims> {
    const address = new URL(redirectUri)
    address.search = answer.toString()
    try {
      const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
      const claims = (await oidc.authorizationCodeGrant(config, address, checks)).claims()
      if (claims !== undefined) return claims
    } catch (thrown) {
      throw signInFailure(provider, 'sign-in', thrown, options.explain)
    }
    throw unacceptable('the provider gave no identity token')
  }

  function unacceptable(what: string): ProviderError {
    return new ProviderError({ provider, call: 'sign-in', what, advice: 'Sign in again.' })
  }

  function badMetadata(what: string): ProviderError {
    return new ProviderError({
      provider,
      call: 'discovery',
      what,
      advice: 'Correct the address of the provider in the configuration.',
    })
  }

  return {
    authority: issuer.origin,
    async test() {
      await configuration()
    },
    async address({ redirectUri, state, nonce, verifier, isFresh }) {
      const config = await configuration()
      return oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: options.scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        // Who is asked for an age has to tell it (auth_time).
        ...(isFresh ? { prompt: 'login', max_age: '0' } : {}),
      }).href
    },
    async complete(request, answer) {
      const claims = await claimsOf(await configuration(), request, answer)
      const authenticatedAt =
        claims.auth_time === undefined ? undefined : new Date(Math.min(claims.auth_time * 1000, clock.now().getTime()))
      const isTooOld =
        authenticatedAt !== undefined && authenticatedAt.getTime() < request.began.getTime() - toleranceMs
      if (request.isFresh && isTooOld)
        throw unacceptable(
          `a new sign-in was asked for, and the provider vouches for one of ${authenticatedAt.toISOString()}`,
        )
      return { id: idOf(claims), authenticatedAt, claims }
    },
  }
}

/** As issuers write themselves: without the slash that a URL of an origin has. */
function textOf({ origin, pathname }: URL): string {
  return `${origin}${pathname === '/' ? '' : pathname}`
}
