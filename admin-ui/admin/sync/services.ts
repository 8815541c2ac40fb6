import type { AdminActor } from '../../../server/directory/administrators/admin-actions.ts'
import type { PersonEnrollment } from '../../../sync/enrollment/enrollment.ts'
import type { UndoReport } from '../../../sync/provider-control.ts'
import type { ProviderPause } from '../../../sync/provider-pause.ts'
import type { RunHistory, RunSummary } from '../../../sync/run-history.ts'
import type { RunReport, TypeCounts } from '../../../sync/run-report.ts'
import type { RunsUnderWay, RunUnderWay } from '../../../sync/runs-under-way.ts'
import type { HeldRecord } from '../../../sync/settlement.ts'

/** Users, groups, or the entries of a file: how they came from a provider. */
export interface SyncedType {
  readonly type: 'user' | 'group' | 'entry'
  /** Whether they are synced at all. */
  readonly isOn: boolean
  /** Objects that the provider held when it was read last; null: it was not. */
  readonly read: number | null
  readonly served: number
  /** What the last run that ended did; null: there was none. */
  readonly counts: TypeCounts | null
}

export interface ProviderSync {
  readonly id: string
  readonly name: string
  /** As in the configuration. */
  readonly type: string
  readonly types: readonly SyncedType[]
  readonly underWay: RunUnderWay | null
  /** Somebody asked for a run that has not begun: another one is under way. */
  readonly isWaiting: boolean
  /** The last one that has ended. */
  readonly lastRun: RunSummary | null
  /** ISO 8601; null: never. */
  readonly lastSuccess: string | null
  readonly isStale: boolean
  readonly pause: ProviderPause | null
  /** null: nothing waits for approval. Without the changes themselves. */
  readonly held: (Pick<HeldRecord, 'reasons' | 'since' | 'discarded'> & { readonly count: number }) | null
  /** null: a file, which is read when it has changed. */
  readonly schedule: { readonly incrementalMinutes: number; readonly fullHours: number } | null
}

/** Who hears of runs, and where that is set. */
export interface ReportSettings {
  /** Whether there is a mail server to send with. */
  readonly hasMailServer: boolean
  /** Addresses that get every report. */
  readonly all: readonly string[]
  readonly providers: readonly {
    readonly name: string
    readonly reportTo: readonly string[]
    readonly reportRuns: string
  }[]
  /** Origins: the rest of an address may be a secret. */
  readonly notify: readonly { readonly origin: string; readonly events: readonly string[] | null }[]
}

/**
 * What the pages of the sync ask of the server. Whatever acts is in the record of what administrators did; it throws
 * ChangeRefused for what cannot be done, StalePlanError for changes that are others by now, and RuleError for a rule that
 * cannot be evaluated. What has begun goes on when nobody waits for it.
 */
export interface SyncServices extends RunHistory {
  status(): Promise<readonly ProviderSync[]>
  readonly underWay: RunsUnderWay
  /** Begins a run. False: the same one waits already. */
  start(provider: string, full: boolean, by: AdminActor): Promise<boolean>
  held(provider: string): Promise<HeldRecord | undefined>
  /** Applies exactly the changes with that hash. */
  approve(provider: string, hash: string, by: AdminActor): Promise<RunReport>
  /** Keeps exactly those held, and does not ask again until they change. */
  discard(provider: string, hash: string, by: AdminActor): Promise<void>
  pause(provider: string, reason: string, by: AdminActor): Promise<void>
  resume(provider: string, by: AdminActor): Promise<RunReport>
  undo(runId: string, by: AdminActor): Promise<UndoReport>
  /** Everybody who is enrolled by mail, by name. */
  enrollments(): Promise<readonly PersonEnrollment[]>
  /** Mails the invitations that wait; refused when they are not as many as were looked at. Gives how many. */
  sendInvitations(count: number, by: AdminActor): Promise<number>
  /** Mails a new link; those before it end. */
  resendInvitation(entryUUID: string, by: AdminActor): Promise<PersonEnrollment>
  reports(): ReportSettings
}
