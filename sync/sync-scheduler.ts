import type { Clock } from '../server/runtime/clock.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import { createAlarm } from './alarm.ts'
import type { IdentityProvider } from './identity-provider.ts'
import type { Logger } from './logger.ts'
import { nextRun, type NextRun } from './run-timing.ts'
import { steadyTime } from './steady-time.ts'
import type { SyncEngine } from './sync-engine.ts'

export interface SyncSchedulerOptions {
  readonly engine: Pick<SyncEngine, 'run'>
  readonly config: Config
  readonly providers: readonly IdentityProvider[]
  readonly clock: Clock
  readonly logger: Logger
  /** 0 to 1; spreads the starts. */
  readonly random?: () => number
}

export interface SyncSchedule {
  /**
   * Something may have changed at the provider: it is read a few seconds after the first of several hints, once more when
   * hints come during a run, and never in quick succession. Hints for unknown providers and for files are ignored.
   */
  hint(providerId: string): void
  /**
   * Runs every provider, one after the other, and then each again and again until the signal is aborted: cloud providers
   * after their interval, give or take a tenth, or after a hint; files when they have changed. Resolves when the last run
   * has ended. Call once.
   */
  run(signal: AbortSignal): Promise<void>
}

/** How often a file is looked at for changes. */
const fileCheckMs = 30_000
/** A file that cannot be taken over is tried again, less and less often. */
const longestFileRetryMs = 3_600_000
/** Sleeps are cut into pieces, so that setting the clock shifts a run by no more than one of them. */
const longestSleepMs = 60_000

export function createSyncSchedule(options: SyncSchedulerOptions): SyncSchedule {
  const time = steadyTime(options.clock, longestSleepMs)
  const agendas = options.providers.map((provider) => createAgenda(provider, options, time))
  return {
    hint: (providerId) => agendas.find(({ provider }) => provider.id === providerId)?.hint(),
    async run(signal) {
      for (const agenda of agendas) await agenda.runFirst(signal)
      await Promise.all(agendas.map((agenda) => agenda.runAgain(signal)))
    },
  }
}

/** When one provider was run, and when it is due. */
function createAgenda(provider: IdentityProvider, options: SyncSchedulerOptions, time: () => number) {
  const { engine, config, clock, logger, random = Math.random } = options
  const settings = config.providers.find(({ id }) => id === provider.id)
  const intervalMs =
    settings === undefined || settings.type === 'ldif' ? undefined : settings.schedule.incrementalMinutes * 60_000
  let lastStart = 0
  let lastEnd = 0
  let failures = 0
  let hinted: number | undefined
  let jitter = 1
  let seen: string | undefined
  const alarm = createAlarm(clock)

  function next(): NextRun {
    if (intervalMs === undefined) {
      const at = lastEnd + Math.min(longestFileRetryMs, fileCheckMs * 2 ** failures)
      return { at, trigger: 'schedule' }
    }
    return nextRun({ lastStart, lastEnd, failures, hinted, jitter }, intervalMs)
  }

  async function runOnce(trigger: NextRun['trigger'], signal: AbortSignal): Promise<void> {
    lastStart = time()
    hinted = undefined
    try {
      const revision = await provider.revision?.()
      if (revision === undefined || revision !== seen) {
        const { outcome } = await engine.run(provider.id, { trigger, signal })
        failures = outcome === 'failed' ? failures + 1 : 0
        // What could not be taken over is tried again, also when the file stays as it is.
        seen = outcome === 'failed' ? undefined : revision
      }
    } catch (error) {
      failures++
      const text = error instanceof Error ? error.message : String(error)
      logger.error({ provider: provider.id, error: text }, 'scheduled sync run')
    }
    lastEnd = time()
    jitter = 0.9 + 0.2 * random()
  }

  return {
    provider,
    hint(): void {
      if (intervalMs === undefined) return
      hinted ??= time()
      alarm.wake()
    },
    async runFirst(signal: AbortSignal): Promise<void> {
      if (!signal.aborted) await runOnce('schedule', signal)
    },
    async runAgain(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        const { at, trigger } = next()
        const waitMs = at - time()
        if (waitMs > 0) await alarm.sleep(Math.min(waitMs, longestSleepMs), signal)
        else await runOnce(trigger, signal)
      }
    },
  }
}
