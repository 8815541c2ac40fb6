import type { EntryChange, RecordChange } from '../server/directory/directory-store.ts'
import type { Clock } from '../server/runtime/clock.ts'
import { cardPath } from '../server/runtime/operation-cards.ts'
import type { CallTrace } from './identity-provider.ts'
import type { Logger } from './logger.ts'
import { nameBasedUuid } from './name-based-uuid.ts'
import type { RunActivities } from './run-activity.ts'
import { type RunOptions, type RunReport, startedReport } from './run-report.ts'
import { outdatedRuns } from './run-retention.ts'
import type { SyncDirectory } from './sync-directory.ts'

export interface RunJournalOptions {
  readonly directory: Pick<SyncDirectory, 'store' | 'commit'>
  /** Reports are kept for so many days. */
  readonly runDays: number
  readonly clock: Clock
  readonly logger: Logger
  /** Told of every run. */
  readonly activities: RunActivities
  /** Hears of every run that ended. */
  readonly onRun?: (report: RunReport) => void
  /**
   * Record changes that report a run; they join the commit of its record. `waiting`: people whose invitation waits for an
   * administrator since this run, by provider.
   */
  readonly reporting?: (report: RunReport, waiting: ReadonlyMap<string, number>) => Promise<readonly RecordChange[]>
}

/** Where runs are written down: in the store, in the log, and before whoever watches. */
export interface RunJournal {
  /** The beginning of a report; its id is free. */
  begun(provider: string, options: RunOptions): Promise<RunReport>
  /** Commits the report as it is now, with what it is about; nothing of a dry run. */
  keep(report: RunReport, records: readonly RecordChange[], entries?: readonly EntryChange[]): Promise<void>
  /** Record changes that report a run that ended, for its last commit. A run counts whether or not it can be reported. */
  reporting(report: RunReport, waiting?: ReadonlyMap<string, number>): Promise<readonly RecordChange[]>
  /** The run has ended: whoever watches is told, and the log. */
  ended(report: RunReport): void
  /** What was thrown becomes the report of a run that failed. Never throws. */
  failed(report: RunReport, error: unknown, isCancelled: boolean): Promise<RunReport>
  /** Each call that is made again is a line, with what names the run here and at the provider. */
  traceOf(report: RunReport): CallTrace
}

export function createRunJournal(options: RunJournalOptions): RunJournal {
  const { directory, runDays, clock, logger, activities } = options
  const { store } = directory

  /** Runs of one provider are keyed by start time: two within a millisecond are kept apart. */
  async function freeStartTime(provider: string): Promise<string> {
    for (let time = clock.now().getTime(); ; time++) {
      const started = new Date(time).toISOString()
      if ((await store.get('run', [provider, started])) === undefined) return started
    }
  }

  async function keep(
    report: RunReport,
    records: readonly RecordChange[],
    entries: readonly EntryChange[] = [],
  ): Promise<void> {
    if (report.dryRun) return
    await directory.commit({
      cause: { kind: 'run', id: report.id },
      entries,
      records: [...records, ...(await runsToForget(report.provider)), runRecord(report)],
    })
  }

  /** A server does it by itself too; commands that run alone leave no heap of runs either. */
  async function runsToForget(provider: string): Promise<readonly RecordChange[]> {
    const before = new Date(clock.now().getTime() - runDays * 86_400_000)
    return await outdatedRuns(store, before.toISOString(), provider)
  }

  async function reporting(
    report: RunReport,
    waiting: ReadonlyMap<string, number> = new Map(),
  ): Promise<readonly RecordChange[]> {
    try {
      return (await options.reporting?.(report, waiting)) ?? []
    } catch (error) {
      logger.error({ provider: report.provider, error: sentence(error) }, 'sync run could not be reported')
      return []
    }
  }

  function ended(report: RunReport): void {
    activities.ended(report)
    options.onRun?.(report)
    const { id, provider, trigger, mode, outcome, counts, calls, throttles, repeats, bytes, seconds, notices, error } =
      report
    const fields = {
      runId: id,
      requestId: runRequestId(id),
      provider,
      trigger,
      mode,
      outcome,
      counts,
      calls,
      throttles,
      repeats,
      bytes,
      seconds,
      notices,
      error,
    }
    if (outcome === 'failed') logger.error({ ...fields, card: cardPath('a-sync-is-stale') }, 'sync run')
    else if (outcome === 'held') logger.warn({ ...fields, card: cardPath('changes-are-held') }, 'sync run')
    else if (notices.length > 0) logger.warn(fields, 'sync run')
    else logger.info(fields, 'sync run')
  }

  return {
    begun: async (provider, runOptions) => startedReport(provider, runOptions, await freeStartTime(provider)),
    keep,
    reporting,
    ended,
    async failed(report, error, isCancelled) {
      const failed: RunReport = {
        ...report,
        finished: clock.now().toISOString(),
        outcome: isCancelled ? 'cancelled' : 'failed',
        error: isCancelled ? 'cancelled' : sentence(error),
      }
      ended(failed)
      try {
        await keep(failed, await reporting(failed))
      } catch (cause) {
        // The store itself fails: the report is all that is left to say so.
        logger.error({ provider: report.provider, error: sentence(cause) }, 'sync run could not be recorded')
      }
      return failed
    },
    traceOf({ id, provider }) {
      const requestId = runRequestId(id)
      return {
        requestId,
        onRepeat: ({ call, status, message }) =>
          logger.info({ runId: id, requestId, provider, call, status, error: message }, 'provider call is made again'),
      }
    },
  }
}

/** The value of the `run` collection. */
export function runRecord(report: RunReport): RecordChange {
  return { collection: 'run', key: [report.provider, report.started], value: report }
}

/** By which calls of a run are known at the provider. */
function runRequestId(runId: string): string {
  return nameBasedUuid('run', runId)
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
