import type { ReportedChange, RunReport, TypeCounts } from '../run-report.ts'

/** Numbers of one run. */
export type RunNumbers = Pick<
  RunReport,
  'trigger' | 'started' | 'finished' | 'outcome' | 'error' | 'read' | 'counts' | 'calls' | 'changesInAll'
>

/** The first of some changes, and how many there are in all. */
export type ChangeSample = {
  readonly changes: readonly Pick<ReportedChange, 'action' | 'type' | 'dn' | 'reason'>[]
  readonly changesInAll: number
}

type Facts =
  | ({ readonly type: 'changes.held'; readonly hash: string; readonly reasons: readonly string[] } & ChangeSample)
  | { readonly type: 'credential.broken'; readonly credential: string; readonly problem: string | null }
  | {
      readonly type: 'credential.expiring'
      readonly credential: string
      readonly expires: string
      /** Whole days left; negative: it has expired. */
      readonly days: number
    }
  | { readonly type: 'credential.recovered'; readonly credential: string }
  | ({
      readonly type: 'digest'
      readonly from: string
      readonly until: string
      readonly runs: number
      readonly failedRuns: number
      readonly counts: { readonly user: TypeCounts; readonly group: TypeCounts; readonly entry: TypeCounts }
    } & ChangeSample)
  | { readonly type: 'enrollment.waiting'; readonly people: number }
  | { readonly type: 'passwords.failing'; readonly problem: string }
  | { readonly type: 'passwords.recovered' }
  | { readonly type: 'provider.failing'; readonly failures: number; readonly since: string; readonly error: string }
  | { readonly type: 'provider.recovered'; readonly since: string }
  /** `since`: the last success, or when the provider was first known where there was none. */
  | { readonly type: 'provider.stale'; readonly since: string; readonly everSynced: boolean }
  | { readonly type: 'run.finished'; readonly run: RunNumbers }

/** Of the server itself. */
type ServerFacts =
  | { readonly type: 'backup.failing'; readonly directory: string; readonly problem: string }
  | { readonly type: 'backup.recovered'; readonly file: string }

/** Something an operator should hear of; times are ISO 8601. A JSON value: `notify` URLs get it as it is. */
export type ReportEvent = (Facts & { readonly provider: string }) | (ServerFacts & { readonly provider: null })

/** A report lists no more changes than this; the run's record and the change log have the others. */
const maxListedChanges = 20

export function sampleOf(changes: readonly ReportedChange[], changesInAll = changes.length): ChangeSample {
  return {
    changes: changes.slice(0, maxListedChanges).map(({ action, type, dn, reason }) => ({ action, type, dn, reason })),
    changesInAll,
  }
}
