import type { ProviderCheck } from '../server/directory/authentication/sign-in-services.ts'
import type { SourceUser } from './identity.ts'

/** A password that somebody typed, and whose it should be. */
export interface PasswordCheck {
  /** As the mirror has the person now. */
  readonly user: SourceUser
  readonly password: string
  /** Where the client of the bind is. */
  readonly clientAddress: string
  /** Of the bind; sent along. */
  readonly requestId: string
}

/** What a provider said of a password. */
export type PasswordVerdict =
  | Extract<ProviderCheck, { outcome: 'right' | 'wrong' | 'refused' }>
  | (Extract<ProviderCheck, { outcome: 'unavailable' }> & {
      /** The set-up is wrong: it does not pass by itself. */
      readonly needsAdministrator: boolean
      /** The question was sent and not answered in time: the provider may have looked at the password all the same. */
      readonly isLate: boolean
    })

export function unavailable(
  reason: string,
  needsAdministrator = false,
): Extract<PasswordVerdict, { outcome: 'unavailable' }> {
  return { outcome: 'unavailable', reason, needsAdministrator, isLate: false }
}
