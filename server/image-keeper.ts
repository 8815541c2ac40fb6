import type { Directory } from './directory/directory.ts'
import type { Clock } from './runtime/clock.ts'
import type { Logger } from './runtime/logger.ts'

const lookEveryMs = 1000
/** While changes come all the time an image is kept after so many looks. */
const mostLooks = 60
/** So old an image gets while anything changes: people who are gone are in it, and the change log forgets what came after it. */
const oldMs = 86_400_000
/** When there was no room, or another problem. */
const againMs = 600_000
/** A start reads so many changes, and this share of the entries, beside an image at most. */
const fewChanges = 1000
const share = 1 / 8

/** Keeps an image of the directory for the next start whenever enough has changed, and daily what has, once that is over, until the signal is aborted. */
export async function runImageKeeper(
  {
    directory,
    clock,
    logger,
  }: {
    readonly directory: Pick<Directory, 'size' | 'changesSinceImage' | 'keepImage'>
    readonly clock: Pick<Clock, 'now' | 'sleep'>
    readonly logger: Pick<Logger, 'warn'>
  },
  signal: AbortSignal,
): Promise<void> {
  let before = 0
  let looks = 0
  let keptMs = clock.now().getTime()
  for (let waitMs = lookEveryMs; !signal.aborted; ) {
    await clock.sleep(waitMs, signal).catch(() => undefined)
    waitMs = lookEveryMs
    const changes = directory.changesSinceImage
    const isOver = changes === before
    before = changes
    const isOld = clock.now().getTime() - keptMs >= oldMs
    const isDue = changes > (isOld ? 0 : fewChanges + directory.size * share)
    looks = isDue ? looks + 1 : 0
    if (signal.aborted || looks === 0 || !(isOver || looks > mostLooks)) continue
    looks = 0
    try {
      await directory.keepImage(signal)
      keptMs = clock.now().getTime()
    } catch (error) {
      if (signal.aborted) return
      logger.warn({ err: error }, 'no image of the directory could be kept; the next start takes longer')
      waitMs = againMs
    }
  }
}
