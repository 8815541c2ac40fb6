import type { Directory } from './directory/directory.ts'
import { cardPath } from './runtime/operation-cards.ts'
import type { Clock } from './runtime/clock.ts'
import type { Logger } from './runtime/logger.ts'

const lookEveryMs = 15_000

/** Tries again and again to make a store take changes that takes none, and tells the log of both, until the signal is aborted. */
export async function runStoreWatch(
  {
    directory,
    clock,
    logger,
  }: {
    readonly directory: Pick<Directory, 'recover'> & { readonly store: Pick<Directory['store'], 'writeProblem'> }
    readonly clock: Pick<Clock, 'sleep'>
    readonly logger: Pick<Logger, 'info' | 'error'>
  },
  signal: AbortSignal,
): Promise<void> {
  const card = cardPath('the-disk-is-full')
  let told: string | undefined
  while (!signal.aborted) {
    // Without a problem this does nothing.
    await directory.recover().catch(() => undefined)
    const problem = directory.store.writeProblem
    if (problem !== undefined && problem !== told) logger.error({ problem, card }, 'the store takes no changes')
    if (problem === undefined && told !== undefined) logger.info('the store takes changes again')
    told = problem
    await clock.sleep(lookEveryMs, signal).catch(() => undefined)
  }
}
