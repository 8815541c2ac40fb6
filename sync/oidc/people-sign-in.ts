import type { Clock } from '../../server/runtime/clock.ts'
import type { IdentityProvider } from '../identity-provider.ts'
import type { Logger } from '../logger.ts'
import type { BrowserSignIn } from './browser-sign-in.ts'
import type { FoundPerson } from './person-of-identity.ts'
import { createSignInPlaces, type NotSignedIn, type SignInAnswer, type SignInPlaces } from './sign-in-places.ts'

export interface SignedIn {
  readonly entryUUID: string
  readonly provider: string
  /** When the person showed who they are, as far as is known: undefined when the provider may have remembered them. */
  readonly authenticatedAt: Date | undefined
}

export interface PeopleSignIn extends Pick<SignInPlaces<never>, 'places' | 'begin'> {
  /** `busy` and undefined as in {@link SignInPlaces}. */
  complete(answer: SignInAnswer): Promise<SignedIn | NotSignedIn | 'busy' | undefined>
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

/** People who sign in at their own provider to see their page here. */
export function createPeopleSignIn(options: PeopleSignInOptions): PeopleSignIn {
  const { providers, nameOf, find, hasAccount, logger } = options
  const atProviders = createSignInPlaces({
    ...options,
    known: providers.flatMap(({ id, browserSignIn }) =>
      browserSignIn === undefined ? [] : [{ id, name: nameOf(id), browserSignIn }],
    ),
  })

  async function whyNobody(person: FoundPerson): Promise<string | undefined> {
    if (person.entryUUID === undefined) return person.reason
    return (await hasAccount(person.entryUUID)) ? undefined : 'the person is disabled, blocked or not served'
  }

  return {
    places: atProviders.places,
    begin: (...chosen) => atProviders.begin(...chosen),
    async complete(answer) {
      const found = await atProviders.complete(answer)
      if (typeof found !== 'object' || 'problem' in found) return found
      const { place, isFresh, identity } = found
      const { id, authenticatedAt } = identity
      const provider = providers.find((one) => one.id === place.id)
      if (provider === undefined) return undefined
      const person = await find(provider, id)
      const reason = await whyNobody(person)
      if (person.entryUUID === undefined || reason !== undefined) {
        logger.warn({ provider: place.id, id, reason }, 'signed in at a provider, and has no page here')
        return { problem: 'nobody', place, isFresh }
      }
      logger.info({ provider: place.id, id, entryUUID: person.entryUUID }, 'signed in to the own page')
      return { entryUUID: person.entryUUID, provider: place.id, authenticatedAt }
    },
  }
}
