import type { AdminActor } from '../../../server/directory/administrators/admin-actions.ts'
import type { RevokedCredentials } from '../../../server/directory/credentials/incidents.ts'
import type { SignInState } from '../../../server/directory/credentials/sign-in-state.ts'
import type { SshKey } from '../../../server/directory/credentials/ssh-key.ts'
import type { Change } from '../../../server/directory/directory-store.ts'
import type { AdminPlace } from '../../../sync/admin-place.ts'
import type { Decision } from '../../../sync/candidates.ts'
import type { EnrollmentRecord } from '../../../sync/enrollment/enrollment-record.ts'
import type { JsonObject } from '../../../sync/identity.ts'
import type { Finding } from '../../../sync/sign-in/sign-in-findings.ts'
import type { SignInQuery } from '../../../sync/sign-in/sign-in-facts.ts'
import type { Roster, RosterList } from '../../../sync/roster/roster.ts'
import type { ReviewedPerson } from '../../../sync/roster/access-review.ts'
import type { RosterGroup, RosterPerson } from '../../../sync/roster/roster-rows.ts'

export interface ProviderName {
  readonly id: string
  readonly name: string
  readonly type: string
}

/** An entry as LDAP serves it; octets that are no text are base64 with a mark before them. */
export interface ShownEntry {
  readonly dn: string
  readonly attributes: readonly (readonly [description: string, values: readonly string[]])[]
}

/** A person or group as one provider has it. */
export interface SourceRecord {
  readonly provider: string
  readonly id: string
  readonly decision: Decision | null
  /** As received; null when the provider has it no longer, or is a file. */
  readonly record: JsonObject | null
  /** Where it is changed; null when the provider is not configured any more. */
  readonly place: AdminPlace | null
}

export interface NamedEntry {
  readonly entryUUID: string
  readonly name: string
}

/** What was done to an entry, latest first, as far as it was looked for. */
export interface EntryHistory {
  readonly changes: readonly Change[]
  /** ISO 8601: what was before was not looked at; null: that was all. */
  readonly since: string | null
  /** ISO 8601: changes before were forgotten; null: none was. */
  readonly forgottenBefore: string | null
}

export interface PersonDetails {
  readonly person: RosterPerson
  readonly entry: ShownEntry | null
  readonly sources: readonly SourceRecord[]
  readonly groups: readonly NamedEntry[]
  /** Who checks the password at the provider, or why nobody does; null for whom there is no entry. */
  readonly passwordSource: { readonly provider: string } | { readonly reason: string } | null
  /** null for whom no ids were given. */
  readonly signIn: SignInState | null
  readonly sshKeys: readonly SshKey[]
  readonly enrollment: EnrollmentRecord | null
  readonly history: EntryHistory
}

export interface GroupDetails {
  readonly group: RosterGroup
  readonly entry: ShownEntry | null
  readonly sources: readonly SourceRecord[]
  readonly parents: readonly NamedEntry[]
  readonly children: readonly NamedEntry[]
  /** Those that were asked for; people and groups. */
  readonly members: readonly (NamedEntry & { readonly isGroup: boolean })[]
  /** Of all members. */
  readonly memberCount: number
}

/** Why somebody can or cannot sign in. */
export interface ExplainedSignIn {
  /** Everybody who is served and whom the name may mean. */
  readonly people: readonly NamedEntry[]
  /** In the order of a bind. */
  readonly findings: readonly Finding[]
}

/** What was taken away from somebody who could sign in. */
export type Revoked = {
  readonly revoked: RevokedCredentials
  readonly sessions: number
  readonly enrollmentLink: boolean
  readonly sshKeys: number
  /** Of a file or a provider, where they have to be removed. */
  readonly sshKeysElsewhere: number
}

/**
 * What the pages of users and groups ask of the rest of the server. Ids are those of the roster. Whatever acts is recorded,
 * and throws ChangeRefused for what cannot be done.
 */
export interface PeopleServices {
  readonly roster: Roster
  /** In their order. */
  readonly providers: () => readonly ProviderName[]
  /** The entry as an LDIF record, without passwords; undefined when it is not served any more. */
  readonly ldifOf: (entryUUID: string) => string | undefined
  readonly person: (id: string) => Promise<PersonDetails | undefined>
  /** With members from the one at `from`, which counts from 0, to the one before `to`. */
  readonly group: (id: string, from: number, to: number) => Promise<GroupDetails | undefined>
  /** Who has access, or had at that time (ISO 8601), with what: everybody, or who is in the group of that cn or DN. */
  readonly accessReview: (
    wanted: { readonly group?: string | undefined; readonly at?: string | undefined },
    by: AdminActor,
  ) => Promise<RosterList<ReviewedPerson>>
  /** Changes nothing, and asks no provider. */
  readonly explainSignIn: (query: SignInQuery) => Promise<ExplainedSignIn>
  /**
   * SSH keys as `authorized_keys` has them, of a user name in any case; none of who is unknown, inactive or blocked. undefined
   * while not everybody is known yet.
   */
  readonly sshKeysOf: (name: string) => Promise<readonly string[] | undefined>
  /** Names of service accounts. */
  readonly binderNames: () => Promise<readonly string[]>
  /** Reads the person anew at every provider. Gives what became of it, in words; undefined: it goes on, and was not waited for. */
  readonly syncPerson: (id: string, by: AdminActor) => Promise<string | undefined>
  /** Gives a one-time password. */
  readonly resetPassword: (id: string, by: AdminActor) => Promise<string>
  readonly revoke: (id: string, options: { readonly secondFactor: boolean }, by: AdminActor) => Promise<Revoked>
  readonly block: (
    id: string,
    block: { readonly reason: string; readonly until: Date | undefined },
    by: AdminActor,
  ) => Promise<void>
  /** False: there was no block. */
  readonly unblock: (id: string, by: AdminActor) => Promise<boolean>
  /** False: there is none. */
  readonly revokeAppPassword: (id: string, appPassword: string, by: AdminActor) => Promise<boolean>
  /** False: there was none. */
  readonly removeSecondFactor: (id: string, by: AdminActor) => Promise<boolean>
}
