import type { Watched } from '../../event-stream.ts'
import { progressText } from './run-text.ts'
import type { SyncServices } from './services.ts'

/** How far runs are. */
export function watchedRuns({ underWay }: Pick<SyncServices, 'underWay'>): Watched {
  return {
    listen: (changed) => underWay.listen(changed),
    state() {
      const runs = underWay.list().map((run) => ({ provider: run.provider, progress: progressText(run) }))
      return { turns: underWay.turns, runs, told: runs.length === 0 ? 'No sync is running.' : 'A sync is running.' }
    },
  }
}
