import { networkOf } from '../../server/runtime/address-network.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import { type AttemptLimit, createAttemptLimit } from '../attempt-limit.ts'
import type { IdentityProvider } from '../identity-provider.ts'
import type { Logger } from '../logger.ts'
import { ProviderError } from '../provider-error.ts'
import type { BrowserSignIn, SignedInIdentity } from './browser-sign-in.ts'
import type { FoundPerson } from './person-of-identity.ts'
import { createSignInAttempts, type SignInAttempt } from './sign-in-attempts.ts'

/** Where people can sign in. */
export interface SignInPlace {
  /** Provider id. */
  readonly id: string
  readonly name: string
  /** Origin that the browser is sent to. */
  readonly authority: string
}

/** Why nobody is signed in; what there is to know for an administrator is in the log. */
export type SignInProblem =
  /** The provider does not answer now. */
  | 'unavailable'
  /** The person, or the provider's rules, said no. */
  | 'declined'
  /** Whatever the person does, it will not work before an administrator does something. */
  | 'failed'
  /** The provider knows the person; here there is no page for them. */
  | 'nobody'

export interface SignedIn {
  readonly entryUUID: string
  readonly provider: string
  /** When the person showed who they are, as far as is known: undefined when the provider may have remembered them. */
  readonly authenticatedAt: Date | undefined
}

export interface PeopleSignIn {
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
  complete(answer: {
    readonly ticket: string
    readonly query: URLSearchParams
    readonly address: string
  }): Promise<SignedIn | NotSignedIn | 'busy' | undefined>
}

export interface NotSignedIn {
  readonly problem: SignInProblem
  readonly place: SignInPlace
  readonly isFresh: boolean
}

export interface PeopleSignInOptions {
  readonly providers: readonly (Pick<IdentityProvider, 'id' | 'tenant'> & { readonly browserSignIn?: BrowserSignIn })[]
  /** Name of a provider that people know. */
  readonly nameOf: (provider: string) => string
  readonly redirectUri: string
  /** Who an identity of a provider is here. */
  readonly find: (provider: Pick<IdentityProvider, 'tenant'>, id: string) => Promise<FoundPerson>
  /** Whether there is a page for the person: not for whom is disabled, blocked or deleted. */
  readonly hasAccount: (entryUUID: string) => Promise<boolean>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

/** Each costs a call to the provider. Everybody behind a proxy has the address of the proxy. */
const answersPerMinute = 300
const addressesAtMost = 10_000

/** People who sign in at their own provider to see their page here. */
export function createPeopleSignIn(options: PeopleSignInOptions): PeopleSignIn {
  const { find, hasAccount, clock, logger } = options
  const attempts = createSignInAttempts(options.redirectUri, clock)
  const limits = new Map<string, AttemptLimit>()
  const known = options.providers.flatMap((provider) => {
    const { id, browserSignIn } = provider
    if (browserSignIn === undefined) return []
    const place: SignInPlace = { id, name: options.nameOf(id), authority: browserSignIn.authority }
    return [{ place, provider, browserSignIn }]
  })

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
    places: known.map(({ place }) => place),
    async begin(place, isFresh) {
      const found = known.find(({ place: { id } }) => id === place.id)
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
      const found = known.find(({ place: { id } }) => id === attempt?.provider)
      if (attempt === undefined || found === undefined) return undefined
      limit.count()
      const result = await answered(found, attempt, query)
      return typeof result === 'string' ? { problem: result, place: found.place, isFresh: attempt.isFresh } : result
    },
  }

  async function answered(
    { place, provider, browserSignIn }: (typeof known)[number],
    attempt: SignInAttempt,
    query: URLSearchParams,
  ): Promise<SignedIn | SignInProblem> {
    let identity: SignedInIdentity
    try {
      identity = await browserSignIn.complete(attempt, query)
    } catch (failure) {
      return problemOf(place.id, failure)
    }
    const { id, authenticatedAt = attempt.isFresh ? clock.now() : undefined } = identity
    const person = await find(provider, id)
    const reason = await whyNobody(person)
    if (person.entryUUID === undefined || reason !== undefined) {
      logger.warn({ provider: place.id, id, reason }, 'signed in at a provider, and has no page here')
      return 'nobody'
    }
    logger.info({ provider: place.id, id, entryUUID: person.entryUUID }, 'signed in to the own page')
    return { entryUUID: person.entryUUID, provider: place.id, authenticatedAt }
  }

  async function whyNobody(person: FoundPerson): Promise<string | undefined> {
    if (person.entryUUID === undefined) return person.reason
    return (await hasAccount(person.entryUUID)) ? undefined : 'the person is disabled, blocked or not served'
  }
}
