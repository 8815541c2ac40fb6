import type { RunReport } from '../run-report.ts'
import { type ReportEvent, type RunNumbers, sampleOf } from './report-event.ts'

/** What was reported about the runs of a provider: value of the `provider` collection at [provider id, 'reported']. */
export type Reported = {
  /** Hash of the held changes that were reported and still wait. */
  readonly heldHash: string | null
  /** Failed runs since the last success. */
  readonly failures: number
  /** ISO 8601, as are the times below: the first of those failures. */
  readonly failingSince: string | null
  readonly lastSuccess: string | null
  /** When it was last reported that the provider answers again. */
  readonly recovered: string | null
}

export const nothingReported: Reported = {
  heldHash: null,
  failures: 0,
  failingSince: null,
  lastSuccess: null,
  recovered: null,
}

/** A streak of so many failed runs is reported, once. */
const reportedFailures = 3

export interface RunFacts {
  readonly report: RunReport
  /** By provider id; a run computes the whole directory, and may hold or release changes of every provider. */
  readonly before: ReadonlyMap<string, Reported>
  /** Setting of the run's own provider. */
  readonly reportRuns: 'digest' | 'each'
  /** People who wait for their invitation since this run, by provider. */
  readonly waiting: ReadonlyMap<string, number>
}

export interface RunOutcome {
  readonly events: readonly ReportEvent[]
  readonly after: ReadonlyMap<string, Reported>
}

/** What a run that ended gives to report, and what then counts as reported. Pure. */
export function eventsOfRun({ report, before, reportRuns, waiting }: RunFacts): RunOutcome {
  const events: ReportEvent[] = []
  const after = new Map(before)
  const update = (id: string, change: Partial<Reported>) =>
    after.set(id, { ...(after.get(id) ?? nothingReported), ...change })
  const { provider, outcome } = report
  const own = before.get(provider) ?? nothingReported
  const ended = report.finished ?? report.started

  if (outcome === 'failed') {
    const failures = own.failures + 1
    const failingSince = own.failingSince ?? report.started
    update(provider, { failures, failingSince })
    if (failures === reportedFailures)
      events.push({ type: 'provider.failing', provider, failures, since: failingSince, error: report.error ?? '' })
  } else if (hasComputed(report)) {
    for (const hold of report.held) {
      const known = (before.get(hold.provider) ?? nothingReported).heldHash
      if (hold.discarded || known === hold.hash) continue
      const { hash, reasons, changes } = hold
      events.push({ type: 'changes.held', provider: hold.provider, hash, reasons, ...sampleOf(changes) })
    }
    for (const id of new Set([...before.keys(), ...report.held.map((hold) => hold.provider)]))
      update(id, { heldHash: report.held.find((hold) => hold.provider === id)?.hash ?? null })
    if (hasRead(report)) {
      const isRecovered = own.failures >= reportedFailures && own.failingSince !== null
      if (isRecovered) events.push({ type: 'provider.recovered', provider, since: own.failingSince })
      const recovered = isRecovered ? { recovered: ended } : {}
      update(provider, { failures: 0, failingSince: null, lastSuccess: ended, ...recovered })
    }
  }
  for (const [id, people] of waiting) events.push({ type: 'enrollment.waiting', provider: id, people })
  const isChange = reportRuns === 'each' && hasComputed(report) && report.changesInAll > 0
  if (isAskedFor(report) || isChange) events.push({ type: 'run.finished', provider, run: numbersOf(report) })
  return { events, after }
}

function hasComputed({ outcome }: RunReport): boolean {
  return outcome === 'applied' || outcome === 'unchanged' || outcome === 'held'
}

/** Approvals and the like ask the provider for nothing, and a run for one person says little of the others. */
function hasRead({ mode }: RunReport): boolean {
  return mode === 'full' || mode === 'incremental'
}

/** "Sync now": somebody waits for the numbers. */
function isAskedFor({ trigger }: RunReport): boolean {
  return trigger === 'manual' || trigger === 'command' || trigger.startsWith('manual by ')
}

function numbersOf(report: RunReport): RunNumbers {
  const { trigger, started, finished, outcome, error, read, counts, calls, changesInAll } = report
  return { trigger, started, finished, outcome, error, read, counts, calls, changesInAll }
}
