import type { RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import { trusted } from '../ledgers.ts'
import type { RunReport } from '../run-report.ts'
import { messagesOfEvent } from './event-messages.ts'
import { outboxChanges, type OutboxSurroundings } from './outbox.ts'
import { eventsOfRun, nothingReported, type Reported } from './run-events.ts'

/** The changes that report a run: they belong into the commit of its record. Runs must follow each other. */
export async function runReportChanges(
  report: RunReport,
  waiting: ReadonlyMap<string, number>,
  config: Config,
  surroundings: OutboxSurroundings,
): Promise<readonly RecordChange[]> {
  const { store, clock } = surroundings
  const before = new Map<string, Reported>()
  for (const { id } of config.providers) before.set(id, await readReported(store, id))
  const provider = config.providers.find(({ id }) => id === report.provider)
  const reportRuns = provider === undefined || provider.type === 'ldif' ? 'digest' : provider.reportRuns
  const { events, after } = eventsOfRun({ report, before, reportRuns, waiting })
  const messages = events.flatMap((event) => messagesOfEvent(event, config, clock.now()))
  return [
    ...[...after].map(([id, value]) => ({ collection: 'provider', key: [id, 'reported'], value }) as const),
    ...(await outboxChanges(messages, surroundings)),
  ]
}

export async function readReported(store: RecordReader, provider: string): Promise<Reported> {
  const value = await store.get('provider', [provider, 'reported'])
  return value === undefined ? nothingReported : trusted<Reported>(value)
}
