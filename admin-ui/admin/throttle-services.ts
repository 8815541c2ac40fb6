import type { AdminActor } from '../../server/directory/administrators/admin-actions.ts'

/** Failed binds that are counted together, as `rosterd throttle list` has them. */
export interface FailedBinds {
  /** DN of a person, name of a binder, null: of all accounts. */
  readonly account: string | null
  /** null: of all addresses where the account has not signed in before. */
  readonly network: string | null
  readonly count: number
  /** ISO 8601, UTC. */
  readonly lastAt: string
  /** Binds are refused unread until then; null: they are not. */
  readonly blockedUntil: string | null
}

/** Who guesses passwords, and is slowed down. */
export interface ThrottleServices {
  /** Those that are refused now first. */
  list(): Promise<readonly FailedBinds[]>
  /** Forgets the failures of a person, a binder or an address; null: all. Gives how many counts. Throws ChangeRefused when nobody is called so. */
  clear(of: string | null, by: AdminActor): Promise<number>
}
