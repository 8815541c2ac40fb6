import type { AdminAction } from '../../server/directory/administrators/admin-actions.ts'
import type { Administrators } from '../../server/directory/administrators/administrators.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { ProviderOverview } from '../../sync/provider-overview.ts'
import type { SessionRecords } from '../session-store.ts'
import type { BinderServices, ClientServices } from './binders/services.ts'
import type { SyncServices } from './sync/services.ts'
import type { PeopleServices } from './people/services.ts'

/** What is served now, in numbers. */
export interface DirectoryFigures {
  readonly people: number
  readonly groups: number
  /** Source users and groups that a rule or their provider keeps out. */
  readonly notServed: number
}

/** What the administrators' pages ask of the rest of the server. */
export interface Administration {
  readonly organization: string
  readonly publicUrl: string
  readonly administrators: Administrators
  readonly sessions: SessionRecords
  readonly cookieKey: string
  readonly clock: Pick<Clock, 'now'>
  readonly binders: BinderServices
  readonly clients: ClientServices
  readonly people: PeopleServices
  /** Why LDAP does not answer as it should; none when it does. */
  notReady(): readonly string[]
  providers(): Promise<readonly ProviderOverview[]>
  figures(): Promise<DirectoryFigures>
  /** What administrators did, latest first. */
  actions(limit: number): Promise<readonly AdminAction[]>
  readonly sync: SyncServices
}
