import { outdatedRuns } from '../sync/run-retention.ts'
import { outdatedAdminActions } from './directory/administrators/admin-actions.ts'
import { forgottenMark } from './directory/change-history.ts'
import type { DirectoryStore } from './directory/directory-store.ts'
import type { Directory } from './directory/directory.ts'
import type { Clock } from './runtime/clock.ts'
import type { Config } from './runtime/config-schema.ts'
import type { Logger } from './runtime/logger.ts'

export interface RetentionParts {
  readonly directory: Pick<Directory, 'commit'> & {
    readonly store: Pick<DirectoryStore, 'forgetChanges' | 'changes' | 'list'>
  }
  readonly retention: () => Pick<Config['retention'], 'changeLogDays' | 'runDays'>
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'error'>
}

const lookEveryMs = 6 * 3_600_000
const cause = { kind: 'server', id: 'retention' } as const

/** Forgets what is older than `retention` says, now and every few hours until the signal is aborted. */
export async function runRetention(parts: RetentionParts, signal: AbortSignal): Promise<void> {
  const { clock, logger } = parts
  while (!signal.aborted) {
    await forgetChanges(parts).catch((error: unknown) => {
      if (!signal.aborted) logger.error({ err: error }, 'old changes could not be forgotten')
    })
    await forgetRecords(parts).catch((error: unknown) => {
      if (!signal.aborted) logger.error({ err: error }, 'old runs and actions could not be forgotten')
    })
    await clock.sleep(lookEveryMs, signal).catch(() => undefined)
  }
}

async function forgetChanges({ directory, retention, clock, logger }: RetentionParts): Promise<void> {
  const before = daysAgo(retention().changeLogDays, clock)
  if (!(await isAnyOlder(directory.store, before))) return
  await directory.commit({ cause, entries: [], records: [forgottenMark(before)] })
  const changes = await directory.store.forgetChanges(before)
  logger.info({ changes, before }, 'old changes forgotten')
}

/** Runs of providers that have none any more as well, and what administrators did. */
async function forgetRecords({ directory, retention, clock, logger }: RetentionParts): Promise<void> {
  const { runDays, changeLogDays } = retention()
  const runs = await outdatedRuns(directory.store, daysAgo(runDays, clock))
  const actions = await outdatedAdminActions(directory.store, daysAgo(changeLogDays, clock))
  if (runs.length + actions.length === 0) return
  await directory.commit({ cause, entries: [], records: [...runs, ...actions] })
  logger.info({ runs: runs.length, actions: actions.length }, 'old runs and actions forgotten')
}

function daysAgo(days: number, clock: Pick<Clock, 'now'>): string {
  return new Date(clock.now().getTime() - days * 86_400_000).toISOString()
}

async function isAnyOlder(store: Pick<DirectoryStore, 'changes'>, before: string): Promise<boolean> {
  for await (const { time } of store.changes(0)) return time < before
  return false
}
