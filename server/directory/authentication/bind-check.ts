import type { BcryptPool, HashAsker } from './bcrypt-pool.ts'

/** Where a bind comes from, and what its client can do. */
export interface BindOrigin {
  readonly address: string
  /** A UUID that the log and the provider have of this bind. */
  readonly requestId: string
  readonly isSecure: boolean
  /** The binder that was bound on this connection before: the service that lets its users sign in here. */
  readonly binder: string | undefined
  /** The client can be told to set another password, and it can be set over this connection. */
  readonly canChangePassword: boolean
  /** The client has gone away; nothing more is computed for it. */
  readonly isGone: () => boolean
}

/** How the check of a password ended. Reasons are short and stable, for the log: the client is told nothing of them. */
export type CheckResult =
  /** `credential`: the id of what it was right for. */
  | { readonly outcome: 'right'; readonly credential: string; readonly mustChange: boolean }
  | { readonly outcome: 'refused'; readonly reason: string }
  /** It could not be found out. `isGuess`: it was not what is known here. */
  | { readonly outcome: 'unavailable'; readonly reason: string; readonly isGuess: boolean }

export function right(credential: string, mustChange = false): CheckResult {
  return { outcome: 'right', credential, mustChange }
}

export function refused(reason: string): CheckResult {
  return { outcome: 'refused', reason }
}

/** The slow hashes of one bind. */
export interface SlowChecks {
  readonly count: number
  matches(password: Uint8Array, hash: string): Promise<boolean>
}

export function createSlowChecks(pool: Pick<BcryptPool, 'compare'>, asker: HashAsker): SlowChecks {
  let count = 0
  return {
    get count() {
      return count
    },
    async matches(password, hash) {
      count += 1
      return await pool.compare(password, hash, asker)
    },
  }
}
