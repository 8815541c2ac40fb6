import type { Roster } from '../../../sync/roster/roster.ts'

export interface ProviderName {
  readonly id: string
  readonly name: string
  readonly type: string
}

/** What the pages of users and groups ask of the rest of the server. */
export interface PeopleServices {
  readonly roster: Roster
  /** In their order. */
  readonly providers: () => readonly ProviderName[]
  /** The entry as an LDIF record, without passwords; undefined when it is not served any more. */
  readonly ldifOf: (entryUUID: string) => string | undefined
}
