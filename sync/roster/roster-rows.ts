import type { Status } from '../rules.ts'

/** `deleted`: no provider has it any more; its ids are kept. */
export type RosterStatus = Status | 'deleted'

/** What a list shows of a person or group, served or not. */
export interface RosterRow {
  /** entryUUID; `<provider id>:<immutable id>` where no ids were given. */
  readonly id: string
  readonly entryUUID: string | null
  /** User name or cn; what comes nearest where none was given. */
  readonly name: string
  readonly displayName: string
  /** Empty: none. */
  readonly mail: string
  /** Provider that decides; `rosterd` for groups of the server itself. */
  readonly provider: string
  /** `<provider id>:<immutable id>`, the one that decides first. */
  readonly sources: readonly string[]
  readonly status: RosterStatus
  /** Setting that decided, or `none`. */
  readonly rule: string
  /** In words. */
  readonly reason: string
  /** Whether there is an entry; also of who is not active, while a change is held or where such people are shown. */
  readonly isServed: boolean
}

/**
 * What somebody could sign in with. `password`: one that is kept here. `provider`: the provider checks it. `invited`: a link
 * to set one was mailed. `none`: nothing yet.
 */
export type Readiness = 'password' | 'provider' | 'invited' | 'none'

export interface RosterPerson extends RosterRow {
  readonly readiness: Readiness
  /** Why nobody signs in as this person, whatever the provider says. */
  readonly block: string | null
}

export interface RosterGroup extends RosterRow {
  /** Empty when it is not served. */
  readonly dn: string
  /** People in it; in a group that is not served, those who are in it at the provider without being in a group within it. */
  readonly users: number
  /** DNs of the groups that hold it. */
  readonly parents: readonly string[]
  /** How many groups it holds. */
  readonly children: number
}
