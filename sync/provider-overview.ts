import type { RecordReader } from '../server/directory/directory-store.ts'
import type { Clock } from '../server/runtime/clock.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { Authorizations } from './authorizations.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { type ListedCredential, listProviders } from './provider-list.ts'
import type { ProviderPause } from './provider-pause.ts'
import { readReported } from './reporting/run-reporting.ts'
import type { RunHistory, RunSummary } from './run-history.ts'
import type { SyncEngine } from './sync-engine.ts'

/** How a provider fares. */
export interface ProviderOverview {
  readonly id: string
  readonly name: string
  readonly type: string
  /** undefined: it was never read. */
  readonly lastRun: RunSummary | undefined
  /** ISO 8601; null: never. */
  readonly lastSuccess: string | null
  /** Whether its last success is longer ago than `staleAfterHours`. */
  readonly isStale: boolean
  readonly pause: ProviderPause | undefined
  /** Changes that wait for approval and were not discarded. */
  readonly held: number
  readonly credentials: readonly ListedCredential[]
}

export async function providerOverviews(parts: {
  readonly config: Pick<Config, 'providers'>
  readonly providers: readonly IdentityProvider[]
  readonly authorizations: Authorizations
  readonly engine: Pick<SyncEngine, 'control' | 'plan'>
  readonly runHistory: Pick<RunHistory, 'list'>
  readonly store: RecordReader
  readonly clock: Pick<Clock, 'now'>
}): Promise<readonly ProviderOverview[]> {
  const { config, providers, authorizations, engine, runHistory, store, clock } = parts
  const listed = await listProviders(config, providers, { store, authorizations })
  const paused = await engine.control.paused()
  const held = await engine.plan.show()
  const runs = await runHistory.list()
  return await Promise.all(
    listed.map(async ({ id, name, type, credentials }): Promise<ProviderOverview> => {
      const lastRun = runs.find((run) => run.provider === id)
      const { lastSuccess } = await readReported(store, id)
      const settings = config.providers.find((provider) => provider.id === id)
      const staleAfterHours = settings === undefined || settings.type === 'ldif' ? null : settings.staleAfterHours
      const sinceMs = lastSuccess === null ? undefined : clock.now().getTime() - Date.parse(lastSuccess)
      return {
        id,
        name,
        type,
        lastRun,
        lastSuccess,
        isStale: staleAfterHours !== null && sinceMs !== undefined && sinceMs > staleAfterHours * 3_600_000,
        pause: paused.get(id),
        held: held
          .filter((plan) => plan.provider === id && !plan.discarded)
          .reduce((sum, { changes }) => sum + changes.length, 0),
        credentials,
      }
    }),
  )
}
