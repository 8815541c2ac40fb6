import { runSessionSweep } from './directory/credentials/web-sessions.ts'
import type { DirectoryFigures } from '../admin-ui/admin/overview-services.ts'
import { runFigureKeeper } from './figure-keeper.ts'
import { runImageKeeper } from './image-keeper.ts'
import { runRetention } from './retention.ts'
import type { Clock } from './runtime/clock.ts'
import type { Lifecycle } from './runtime/lifecycle.ts'
import type { Logger } from './runtime/logger.ts'
import { runScheduledBackups } from './scheduled-backups.ts'
import { runStoreWatch } from './store-watch.ts'
import type { Workspace } from './workspace.ts'

export interface KeepersOptions {
  readonly workspace: Workspace
  readonly figures: () => Promise<DirectoryFigures>
  readonly clock: Clock
  readonly logger: Logger
}

/** What keeps the store in order by itself, each for as long as the server runs. */
export async function runKeepers(lifecycle: Lifecycle, options: KeepersOptions): Promise<void> {
  const { workspace, figures, clock, logger } = options
  const { directory, webSessions } = workspace
  const keepers: Readonly<Record<string, (stopping: AbortSignal) => Promise<void>>> = {
    figures(stopping) {
      const onProblem = (error: unknown) => logger.error({ err: error }, 'figures of the directory could not be kept')
      return runFigureKeeper({ directory, clock, figures, onProblem }, stopping)
    },
    'store watch': (stopping) => runStoreWatch({ directory, clock, logger }, stopping),
    'scheduled backups': (stopping) => runScheduledBackups({ workspace, clock, logger }, stopping),
    'image of the directory': (stopping) => runImageKeeper({ directory, clock, logger }, stopping),
    retention: (stopping) =>
      runRetention({ directory, retention: () => workspace.config.retention, clock, logger }, stopping),
    'session sweep'(stopping) {
      const onProblem = (error: unknown) => logger.error({ err: error }, 'sessions that expired could not be removed')
      return runSessionSweep(webSessions, { clock, onProblem }, stopping)
    },
  }
  for (const [name, run] of Object.entries(keepers)) await lifecycle.run(name, run)
}
