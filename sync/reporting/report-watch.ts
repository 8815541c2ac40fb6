import { isDeepStrictEqual } from 'node:util'
import type { CommitResult, Generation, RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Config, ProviderConfig } from '../../server/runtime/config-schema.ts'
import { readCredentialHealth } from '../credential-health.ts'
import { trusted } from '../ledgers.ts'
import type { Logger } from '../logger.ts'
import type { RunReport } from '../run-report.ts'
import { messagesOfEvent } from './event-messages.ts'
import { outboxChanges } from './outbox.ts'
import { type ReportEvent, sampleOf } from './report-event.ts'
import { addCounts } from './run-counts.ts'
import { readReported } from './run-reporting.ts'
import { eventsOfTime, isDigestDue, type Watched } from './watch-events.ts'

export interface ReportWatchOptions {
  readonly directory: { readonly store: RecordReader; commit(generation: Generation): Promise<CommitResult> }
  readonly config: Config
  readonly clock: Clock
  readonly logger: Logger
}

const lookEveryMs = 60_000

/** Looks at every provider again and again, for what is due because time passed, until the signal is aborted. */
export async function runReportWatch(options: ReportWatchOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await reportByTime(options)
    } catch (error) {
      options.logger.error({ error: error instanceof Error ? error.message : String(error) }, 'report watch')
    }
    await options.clock.sleep(lookEveryMs, signal).catch(() => undefined)
  }
}

/** One look: puts into the outbox what is due, together with the record that it was. */
export async function reportByTime(options: ReportWatchOptions): Promise<void> {
  const { directory, config, clock } = options
  const health = await readCredentialHealth(directory.store)
  for (const provider of config.providers) {
    const stored = await directory.store.get('provider', [provider.id, 'watched'])
    const before = stored === undefined ? undefined : trusted<Watched>(stored)
    const { events, after } = eventsOfTime({
      provider: provider.id,
      staleAfterHours: provider.type === 'ldif' ? null : provider.staleAfterHours,
      now: clock.now(),
      before,
      reported: await readReported(directory.store, provider.id),
      credentials: health.filter((credential) => credential.provider === provider.id),
    })
    const due = isDigestDue(after, clock.now()) ? { ...after, digested: clock.now().toISOString() } : after
    const digest = due === after ? [] : await digestEvents(provider, directory.store, after.digested, due.digested)
    if (isDeepStrictEqual(due, before)) continue
    const messages = [...events, ...digest].flatMap((event) => messagesOfEvent(event, config, clock.now()))
    const records: RecordChange[] = [
      { collection: 'provider', key: [provider.id, 'watched'], value: due },
      ...(await outboxChanges(messages, { ...options, store: directory.store })),
    ]
    await directory.commit({ cause: { kind: 'server', id: 'report' }, entries: [], records })
  }
}

/** What the runs that ended between two times did; nothing when they changed nothing, or when each is reported by itself. */
async function digestEvents(
  provider: ProviderConfig,
  store: RecordReader,
  from: string,
  until: string,
): Promise<readonly ReportEvent[]> {
  if (provider.type !== 'ldif' && provider.reportRuns === 'each') return []
  const runs: RunReport[] = []
  for await (const { value } of store.list('run', [provider.id])) {
    const run = trusted<RunReport>(value)
    if (run.finished !== null && run.finished >= from && run.finished < until) runs.push(run)
  }
  const changesInAll = runs.reduce((sum, run) => sum + run.changesInAll, 0)
  if (changesInAll === 0) return []
  return [
    {
      type: 'digest',
      provider: provider.id,
      from,
      until,
      runs: runs.length,
      failedRuns: runs.filter(({ outcome }) => outcome === 'failed').length,
      counts: addCounts(runs.map(({ counts }) => counts)),
      ...sampleOf(
        runs.flatMap(({ changes }) => changes),
        changesInAll,
      ),
    },
  ]
}
