import { forgottenMark } from './directory/change-history.ts'
import type { DirectoryStore } from './directory/directory-store.ts'
import type { Directory } from './directory/directory.ts'
import type { Clock } from './runtime/clock.ts'
import type { Logger } from './runtime/logger.ts'

const lookEveryMs = 6 * 3_600_000
const cause = { kind: 'server', id: 'retention.changeLogDays' } as const

/** Forgets changes that are older than so many days, now and every few hours until the signal is aborted. */
export async function runChangeRetention(
  {
    directory,
    days,
    clock,
    logger,
  }: {
    readonly directory: Pick<Directory, 'commit'> & {
      readonly store: Pick<DirectoryStore, 'forgetChanges' | 'changes'>
    }
    readonly days: () => number
    readonly clock: Clock
    readonly logger: Pick<Logger, 'info' | 'error'>
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const before = new Date(clock.now().getTime() - days() * 86_400_000).toISOString()
    try {
      if (await isAnyOlder(directory.store, before)) {
        await directory.commit({ cause, entries: [], records: [forgottenMark(before)] })
        const forgotten = await directory.store.forgetChanges(before)
        logger.info({ changes: forgotten, before }, 'old changes forgotten')
      }
    } catch (error) {
      if (!signal.aborted) logger.error({ err: error }, 'old changes could not be forgotten')
    }
    await clock.sleep(lookEveryMs, signal).catch(() => undefined)
  }
}

async function isAnyOlder(store: Pick<DirectoryStore, 'changes'>, before: string): Promise<boolean> {
  for await (const { time } of store.changes(0)) return time < before
  return false
}
