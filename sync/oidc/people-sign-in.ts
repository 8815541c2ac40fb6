import { networkOf } from '../../server/runtime/address-network.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import { type AttemptLimit, createAttemptLimit } from '../attempt-limit.ts'
import type { IdentityProvider } from '../identity-provider.ts'
import type { Logger } from '../logger.ts'
import { ProviderError } from '../provider-error.ts'
import type { BrowserSignIn } from './browser-sign-in.ts'
import type { FoundPerson } from './person-of-identity.ts'
import { createSignInAttempts } from './sign-in-attempts.ts'

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
  /**
   * `isFresh` asks for a new sign-in at the provider; `previousSecret` is what the browser has of an earlier beginning.
   * undefined: too many were begun from this address within a minute.
   */
  begin(request: {
    readonly place: SignInPlace
    readonly isFresh: boolean
    readonly address: string
    readonly previousSecret: string
  }): Promise<{ readonly address: string; readonly browserSecret: string } | SignInProblem | undefined>
  /** undefined: the answer does not belong to what this browser began within the last minutes, or was used already. */
  complete(
    browserSecret: string,
    answer: URLSearchParams,
  ): Promise<
    SignedIn | { readonly problem: SignInProblem; readonly place: SignInPlace; readonly isFresh: boolean } | undefined
  >
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

/** Everybody behind a proxy has the address of the proxy. */
const begunPerMinute = 300
const addressesAtMost = 10_000

/** People who sign in at their own provider to see their page here. */
export function createPeopleSignIn(options: PeopleSignInOptions): PeopleSignIn {
  const { find, hasAccount, clock, logger } = options
  const attempts = createSignInAttempts(options.redirectUri, clock)
  const begun = new Map<string, AttemptLimit>()
  const known = options.providers.flatMap((provider) => {
    const { id, browserSignIn } = provider
    if (browserSignIn === undefined) return []
    const place: SignInPlace = { id, name: options.nameOf(id), authority: browserSignIn.authority }
    return [{ place, provider, browserSignIn }]
  })

  function limitOf(address: string): AttemptLimit {
    const network = networkOf(address)
    const limit = begun.get(network) ?? createAttemptLimit(begunPerMinute, clock)
    begun.delete(network)
    begun.set(network, limit)
    const [oldest] = begun.keys()
    if (begun.size > addressesAtMost && oldest !== undefined) begun.delete(oldest)
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
    async begin({ place, isFresh, address, previousSecret }) {
      const limit = limitOf(address)
      if (limit.isReached) return undefined
      limit.count()
      const found = known.find(({ place: { id } }) => id === place.id)
      if (found === undefined) return 'failed'
      const { attempt, browserSecret } = attempts.begin({ provider: place.id, isFresh }, previousSecret)
      try {
        return { address: await found.browserSignIn.address(attempt), browserSecret }
      } catch (failure) {
        return problemOf(place.id, failure)
      }
    },
    async complete(browserSecret, answer) {
      const attempt = attempts.take(browserSecret, answer.get('state') ?? '')
      const found = known.find(({ place: { id } }) => id === attempt?.provider)
      if (attempt === undefined || found === undefined) return undefined
      const { place, provider, browserSignIn } = found
      const { isFresh } = attempt
      try {
        const { id, authenticatedAt: told } = await browserSignIn.complete(attempt, answer)
        const person = await find(provider, id)
        const reason = await whyNobody(person)
        if (person.entryUUID !== undefined && reason === undefined) {
          logger.info({ provider: place.id, id, entryUUID: person.entryUUID }, 'signed in to the own page')
          const authenticatedAt = told ?? (isFresh ? clock.now() : undefined)
          return { entryUUID: person.entryUUID, provider: place.id, authenticatedAt }
        }
        logger.warn({ provider: place.id, id, reason }, 'signed in at a provider, and has no page here')
        return { problem: 'nobody', place, isFresh }
      } catch (failure) {
        return { problem: problemOf(place.id, failure), place, isFresh }
      }
    },
  }

  async function whyNobody(person: FoundPerson): Promise<string | undefined> {
    if (person.entryUUID === undefined) return person.reason
    return (await hasAccount(person.entryUUID)) ? undefined : 'the person is disabled, blocked or not served'
  }
}
