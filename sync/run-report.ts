import { type HeldAspect, isProvenRemoval } from './guard.ts'
import type { FetchProgress } from './identity-provider.ts'
import { type ChangeCounts, countChanges, type PlanAction, type PlannedChange } from './sync-plan.ts'

export type RunOutcome = 'running' | 'applied' | 'unchanged' | 'held' | 'failed' | 'cancelled' | 'interrupted'

/** One line of a run's change list. */
export type ReportedChange = {
  readonly action: PlanAction
  readonly type: 'user' | 'group' | 'entry'
  readonly entryUUID: string
  readonly dn: string
  readonly previousDn: string | null
  readonly reason: string
  readonly attributes: readonly string[]
}

export type ReportedHold = {
  readonly provider: string
  readonly hash: string
  readonly reasons: readonly string[]
  readonly changes: readonly (ReportedChange & { readonly waits: readonly HeldAspect[] })[]
  /** Discarded ones stay held and are not asked about again until they change. */
  readonly discarded: boolean
}

export type TypeCounts = { readonly [name in keyof ChangeCounts | 'skipped']: number }

/** What a run did: returned by the engine, and the value of the `run` collection. */
export type RunReport = {
  /** `<provider>/<start time>`; the cause id of its changes in the change log. */
  readonly id: string
  readonly provider: string
  /** Why it ran: `schedule`, `manual`, `approve`, … */
  readonly trigger: string
  readonly dryRun: boolean
  /** What was read: everything, what had changed, one person, or nothing. */
  readonly mode: 'full' | 'incremental' | 'person' | 'none'
  /** Why everything was read. */
  readonly fullBecause: string | null
  /** ISO 8601. */
  readonly started: string
  readonly finished: string | null
  readonly outcome: RunOutcome
  /** Why it failed, in a sentence. */
  readonly error: string | null
  /** Objects the provider holds. */
  readonly read: { readonly users: number; readonly groups: number; readonly entries: number }
  readonly counts: { readonly user: TypeCounts; readonly group: TypeCounts; readonly entry: TypeCounts }
  readonly calls: number
  readonly throttles: number
  readonly repeats: number
  /** Octets of the answers' bodies. */
  readonly bytes: number
  readonly seconds: RunSeconds
  /** Number of the last change in the change log before this run: its own come after. */
  readonly logAfter: number
  /** What went wrong and did not fail the run. */
  readonly notices: readonly string[]
  /** entryUUIDs of those whom the provider itself refused in this run. */
  readonly refused: readonly string[]
  /** Id of the run that took it back. */
  readonly undoneBy: string | null
  /** Why changes of the provider are not applied, when it is paused, and how many wait. */
  readonly paused: { readonly reason: string; readonly changes: number } | null
  readonly held: readonly ReportedHold[]
  /** The first thousand; the change log has all of them. */
  readonly changes: readonly ReportedChange[]
  readonly changesInAll: number
}

/** Where the time of a run went. */
export type RunSeconds = {
  readonly fetch: number
  readonly map: number
  readonly plan: number
  readonly apply: number
}

export interface RunOptions {
  readonly trigger: string
  readonly dryRun?: boolean
  /** Read everything although changes would do. */
  readonly full?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: RunProgress) => void
}

/**
 * A step of the fetch; or, once it has ended, `map` with the entries there should be, `plan` with the changes that may be
 * made, and `apply` with those made.
 */
export type RunProgress = FetchProgress

/** A run record lists no more changes than this. */
const maxListedChanges = 1000

export const noCounts: TypeCounts = {
  added: 0,
  updated: 0,
  renamed: 0,
  deactivated: 0,
  reactivated: 0,
  removed: 0,
  skipped: 0,
}

export function startedReport(provider: string, options: RunOptions, started: string): RunReport {
  return {
    id: `${provider}/${started}`,
    provider,
    trigger: options.trigger,
    dryRun: options.dryRun ?? false,
    mode: 'none',
    fullBecause: null,
    started,
    finished: null,
    outcome: 'running',
    error: null,
    read: { users: 0, groups: 0, entries: 0 },
    counts: { user: noCounts, group: noCounts, entry: noCounts },
    calls: 0,
    throttles: 0,
    repeats: 0,
    bytes: 0,
    seconds: { fetch: 0, map: 0, plan: 0, apply: 0 },
    logAfter: 0,
    notices: [],
    refused: [],
    undoneBy: null,
    paused: null,
    held: [],
    changes: [],
    changesInAll: 0,
  }
}

/** The report of a run that came to its end. `skipped` counts source objects, the rest entries. */
export function finishedReport(
  report: RunReport,
  applied: readonly PlannedChange[],
  held: readonly ReportedHold[],
  skipped: { readonly user: number; readonly group: number },
  finished: string,
): RunReport {
  // The suffix, the containers and the primary group are the server's, not somebody's identities.
  const own = applied.filter((change) => change.provider !== 'rosterd')
  const counts = (type: 'user' | 'group' | 'entry', left: number): TypeCounts => ({
    ...countChanges(own, type),
    skipped: left,
  })
  const waits = held.some((hold) => !hold.discarded)
  return {
    ...report,
    finished,
    outcome: waits ? 'held' : applied.length === 0 ? 'unchanged' : 'applied',
    counts: { user: counts('user', skipped.user), group: counts('group', skipped.group), entry: counts('entry', 0) },
    held,
    changes: applied.slice(0, maxListedChanges).map(reportChange),
    changesInAll: applied.length,
    refused: applied.filter(isProvenRemoval).map(({ entryUUID }) => entryUUID),
  }
}

export function reportChange(change: PlannedChange): ReportedChange {
  return {
    action: change.action,
    type: change.type,
    entryUUID: change.entryUUID,
    dn: change.dn,
    previousDn: change.previousDn ?? null,
    reason: change.reason,
    attributes: change.attributes,
  }
}
