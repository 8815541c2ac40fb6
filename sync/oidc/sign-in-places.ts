import { networkOf } from '../../server/runtime/address-network.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import { type AttemptLimit, createAttemptLimit } from '../attempt-limit.ts'
import type { Logger } from '../logger.ts'
import { ProviderError } from '../provider-error.ts'
import type { BrowserSignIn, SignedInIdentity } from './browser-sign-in.ts'
import { createSignInAttempts } from './sign-in-attempts.ts'

/** Where one can sign in. */
export interface SignInPlace {
  /** Provider id. */
  readonly id: string
  readonly name: string
  /** Origin that the browser is sent to. */
  readonly authority: string
}

/** Why nobody is signed in; what there is to know for an administrator is in the log. */
export type SignInProblem =
  /** The provider does not answer; it may later. */
  | 'unavailable'
  /** The person, or whoever assigns people to the application there, did not want it. */
  | 'declined'
  /** Whatever the person does, it will not work before an administrator does something. */
  | 'failed'
  /** The provider knows the person; here there is nothing for them. */
  | 'nobody'

export interface NotSignedIn {
  readonly problem: SignInProblem
  readonly place: SignInPlace
  readonly isFresh: boolean
}

/** What the browser came back with. */
export interface SignInAnswer {
  readonly ticket: string
  readonly query: URLSearchParams
  readonly address: string
}

export interface SignInPlaces<Identity extends SignedInIdentity> {
  /** In the order of the configuration. */
  readonly places: readonly SignInPlace[]
  /** `isFresh` asks for a new sign-in at the provider. The browser keeps the ticket. */
  begin(
    place: SignInPlace,
    isFresh: boolean,
  ): Promise<{ readonly address: string; readonly ticket: string } | SignInProblem>
  /**
   * `busy`: too many answers came from this address within a minute. undefined: the answer does not belong to what this browser
   * began within the last minutes, or was used already.
   */
  complete(
    answer: SignInAnswer,
  ): Promise<
    | { readonly place: SignInPlace; readonly isFresh: boolean; readonly identity: Identity }
    | NotSignedIn
    | 'busy'
    | undefined
  >
}

export interface SignInPlacesOptions<Identity extends SignedInIdentity> {
  readonly known: readonly {
    readonly id: string
    readonly name: string
    readonly browserSignIn: BrowserSignIn<Identity>
  }[]
  readonly redirectUri: string
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Pick<Logger, 'warn'>
}

/** Each costs a call to the provider. Everybody behind a proxy that is not trusted has the address of the proxy. */
const answersPerMinute = 300
const addressesAtMost = 10_000

/** Sign-in with a browser at one of several providers, whoever it is for. */
export function createSignInPlaces<Identity extends SignedInIdentity>({
  known,
  redirectUri,
  clock,
  logger,
}: SignInPlacesOptions<Identity>): SignInPlaces<Identity> {
  const attempts = createSignInAttempts(redirectUri, clock)
  const limits = new Map<string, AttemptLimit>()
  const places = known.map(({ id, name, browserSignIn: { authority } }): SignInPlace => ({ id, name, authority }))

  function limitOf(address: string): AttemptLimit {
    const network = networkOf(address)
    const limit = limits.get(network) ?? createAttemptLimit(answersPerMinute, clock)
    limits.delete(network)
    limits.set(network, limit)
    const [oldest] = limits.keys()
    if (limits.size > addressesAtMost && oldest !== undefined) limits.delete(oldest)
    return limit
  }

  function problemOf(provider: string, failure: unknown): SignInProblem {
    if (!(failure instanceof ProviderError)) throw failure
    const problem = failure.isTransient
      ? 'unavailable'
      : failure.code?.startsWith('access_denied')
        ? 'declined'
        : 'failed'
    logger.warn({ provider, error: failure.message }, 'sign-in at a provider failed')
    return problem
  }

  return {
    places,
    async begin(place, isFresh) {
      const found = known.find(({ id }) => id === place.id)
      if (found === undefined) return 'failed'
      const { attempt, ticket } = attempts.begin({ provider: place.id, isFresh })
      try {
        return { address: await found.browserSignIn.address(attempt), ticket }
      } catch (failure) {
        return problemOf(place.id, failure)
      }
    },
    async complete({ ticket, query, address }) {
      const limit = limitOf(address)
      if (limit.isReached) return 'busy'
      const attempt = attempts.take(ticket, query.get('state') ?? '')
      const found = known.find(({ id }) => id === attempt?.provider)
      const place = places.find(({ id }) => id === attempt?.provider)
      if (attempt === undefined || found === undefined || place === undefined) return undefined
      limit.count()
      const { isFresh } = attempt
      try {
        const identity = await found.browserSignIn.complete(attempt, query)
        const { authenticatedAt = isFresh ? clock.now() : undefined } = identity
        return { place, isFresh, identity: { ...identity, authenticatedAt } }
      } catch (failure) {
        return { place, isFresh, problem: problemOf(place.id, failure) }
      }
    },
  }
}
