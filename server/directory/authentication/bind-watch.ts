import { createKeyedDigest } from './keyed-digest.ts'

/** Who a bind is for, as far as its name tells. */
export interface BindAccount {
  readonly kind: 'person' | 'binder' | 'unknown'
  /** entryUUID of a person, name of a binder; the name in one spelling, or the beginning of it, where nobody has it. */
  readonly id: string
}

export interface BindAttempt {
  readonly account: BindAccount
  readonly address: string
  /** The binder that was bound on the connection before. */
  readonly binder: string | undefined
}

export type BindOutcome =
  /** `credential`: id of a credential of the person; `binder` for the secret of a binder. */
  | { readonly outcome: 'signed-in'; readonly credential: string }
  /**
   * Whatever the reason, which the client must not be able to tell from what counts. `fingerprint` is the same for the same
   * password of the same account, and says nothing else of it.
   */
  | { readonly outcome: 'refused'; readonly fingerprint: string }
  /** Neither right nor wrong: the server was busy, a provider did not answer, the client went away. */
  | { readonly outcome: 'undecided' }

/** Counts binds: those that failed, and last uses. */
export interface BindWatch {
  /**
   * Why this bind is refused at once, right or not; undefined lets its password be looked at. Each attempt that is admitted
   * is followed by one outcome.
   */
  admit(attempt: BindAttempt): string | undefined
  ended(attempt: BindAttempt, outcome: BindOutcome): void
}

/** Tells passwords of an account apart. */
export type Fingerprint = (account: BindAccount, password: Uint8Array) => string

/** With a key that no disk has. */
export function createFingerprint(): Fingerprint {
  const digest = createKeyedDigest()
  return ({ id }, password) => digest(id, password).toString('base64')
}

export const unwatched: BindWatch = { admit: () => undefined, ended: () => undefined }
