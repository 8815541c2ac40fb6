import type { DirectoryStore } from './directory/directory-store.ts'
import type { Clock } from './runtime/clock.ts'
import type { Logger } from './runtime/logger.ts'

const lookEveryMs = 6 * 3_600_000

/** Forgets changes that are older than so many days, now and every few hours until the signal is aborted. */
export async function runChangeRetention(
  {
    store,
    days,
    clock,
    logger,
  }: {
    readonly store: Pick<DirectoryStore, 'forgetChanges'>
    readonly days: () => number
    readonly clock: Clock
    readonly logger: Pick<Logger, 'info' | 'error'>
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const before = new Date(clock.now().getTime() - days() * 86_400_000).toISOString()
    try {
      const forgotten = await store.forgetChanges(before)
      if (forgotten > 0) logger.info({ changes: forgotten, before }, 'old changes forgotten')
    } catch (error) {
      if (!signal.aborted) logger.error({ err: error }, 'old changes could not be forgotten')
    }
    await clock.sleep(lookEveryMs, signal).catch(() => undefined)
  }
}
