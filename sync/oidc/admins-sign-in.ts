import type { OidcAdmins, ProvidedAdmin } from '../../server/directory/administrators/oidc-admins.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Logger } from '../logger.ts'
import type { BrowserSignIn } from './browser-sign-in.ts'
import type { IdentityWithClaims, IdTokenClaims } from './relying-party.ts'
import { createSignInPlaces, type NotSignedIn, type SignInAnswer, type SignInPlaces } from './sign-in-places.ts'

/** An identity provider of administrators. */
export interface AdminProvider {
  readonly id: string
  readonly name: string
  readonly browserSignIn: BrowserSignIn<IdentityWithClaims>
}

export interface AdmittedAdmin {
  readonly name: string
  readonly epoch: string
  /** When the person showed who they are, as far as is known: undefined when the provider may have remembered them. */
  readonly authenticatedAt: Date | undefined
}

export interface AdminsSignIn extends Pick<SignInPlaces<never>, 'places' | 'begin'> {
  /** `busy` and undefined as in {@link SignInPlaces}. */
  complete(answer: SignInAnswer): Promise<AdmittedAdmin | NotSignedIn | 'busy' | undefined>
}

export interface AdminsSignInOptions {
  readonly providers: readonly AdminProvider[]
  readonly redirectUri: string
  readonly admit: OidcAdmins['admit']
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Pick<Logger, 'warn'>
}

/** Administrators who sign in at an identity provider. */
export function createAdminsSignIn(options: AdminsSignInOptions): AdminsSignIn {
  const { admit, logger } = options
  const atProviders = createSignInPlaces({ ...options, known: options.providers })
  return {
    places: atProviders.places,
    begin: (...chosen) => atProviders.begin(...chosen),
    async complete(answer) {
      const found = await atProviders.complete(answer)
      if (typeof found !== 'object' || 'problem' in found) return found
      const { place, isFresh, identity } = found
      const admitted = await admit(providedAdmin(place.id, identity), answer.address)
      if (typeof admitted !== 'string') return { ...admitted, authenticatedAt: identity.authenticatedAt }
      const { address } = answer
      logger.warn({ provider: place.id, id: identity.id, address, reason: admitted }, 'administrator sign-in refused')
      return { problem: 'nobody', place, isFresh }
    },
  }
}

const longestName = 100

function providedAdmin(provider: string, { id, claims }: IdentityWithClaims): ProvidedAdmin {
  const names = [claims['name'], claims['preferred_username']].filter((one) => typeof one === 'string')
  const name = names.find((one) => one !== '') ?? ''
  const printable = name.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return { provider, id, name: printable.slice(0, longestName), groups: groupsOf(claims) }
}

function groupsOf({ groups, _claim_names: elsewhere }: IdTokenClaims): ProvidedAdmin['groups'] {
  if (Array.isArray(groups)) return groups.filter((group) => typeof group === 'string')
  if (typeof groups === 'string') return [groups]
  // A claim that has to be fetched (OpenID Connect Core §5.6.2): Entra ID does so when there are too many groups.
  return typeof elsewhere === 'object' && elsewhere !== null && 'groups' in elsewhere ? 'too many' : 'unknown'
}
