import type { Config } from '../server/runtime/config-schema.ts'
import type { Clock } from '../server/runtime/clock.ts'
import type { IdentityProvider } from './identity-provider.ts'
import type { Logger } from './logger.ts'
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

/** How often a file is looked at for changes. */
const fileCheckMs = 30_000

/**
 * Runs every provider now and then again and again, until the signal is aborted: cloud providers after their interval,
 * give or take a tenth; files when they have changed. Resolves when the last run has ended.
 */
export async function runSyncSchedule(options: SyncSchedulerOptions, signal: AbortSignal): Promise<void> {
  await Promise.all(options.providers.map((provider) => runProvider(provider)))

  async function runProvider(provider: IdentityProvider): Promise<void> {
    let seen: string | undefined
    while (!signal.aborted) {
      const revision = await provider.revision?.()
      if (provider.revision === undefined || revision !== seen) {
        seen = revision
        await runOnce(provider)
      }
      await pause(waitMs(provider))
    }
  }

  async function runOnce(provider: IdentityProvider): Promise<void> {
    try {
      await options.engine.run(provider.id, { trigger: 'schedule', signal })
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      options.logger.error({ provider: provider.id, error: text }, 'scheduled sync run')
    }
  }

  function waitMs(provider: IdentityProvider): number {
    const settings = options.config.providers.find(({ id }) => id === provider.id)
    if (settings === undefined || settings.type === 'ldif') return fileCheckMs
    const random = options.random ?? Math.random
    return settings.schedule.incrementalMinutes * 60_000 * (0.9 + 0.2 * random())
  }

  async function pause(ms: number): Promise<void> {
    try {
      await options.clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
