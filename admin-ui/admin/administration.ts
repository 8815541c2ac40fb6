import type { AdminAction } from '../../server/directory/administrators/admin-actions.ts'
import type { Administrators } from '../../server/directory/administrators/administrators.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { AdminsSignIn } from '../../sync/oidc/admins-sign-in.ts'
import type { SessionRecords } from '../session-store.ts'
import type { BinderServices, ClientHappenings, ClientServices } from './binders/services.ts'
import type { OverviewServices } from './overview-services.ts'
import type { ProviderServices } from './providers/services.ts'
import type { SyncServices } from './sync/services.ts'
import type { LogServices } from './logs/services.ts'
import type { PeopleServices } from './people/services.ts'
import type { SettingsServices } from './settings/services.ts'
import type { ThrottleServices } from './throttle-services.ts'

/** What the administrators' pages ask of the rest of the server. */
export interface Administration extends OverviewServices {
  readonly organization: string
  readonly publicUrl: string
  readonly administrators: Administrators
  readonly adminsSignIn: AdminsSignIn
  readonly sessions: SessionRecords
  readonly cookieKey: string
  readonly clock: Pick<Clock, 'now'>
  readonly binders: BinderServices
  readonly clients: ClientServices
  readonly clientHappenings: ClientHappenings
  readonly people: PeopleServices
  readonly logs: LogServices
  /** What administrators did, latest first. */
  actions(limit: number): Promise<readonly AdminAction[]>
  readonly sync: SyncServices
  readonly providerAdministration: ProviderServices
  readonly settings: SettingsServices
  readonly throttle: ThrottleServices
}
