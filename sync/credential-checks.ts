import { cardPath } from '../server/runtime/operation-cards.ts'
import type { Clock } from '../server/runtime/clock.ts'
import { type CredentialHealth, healthRecord, readCredentialHealth } from './credential-health.ts'
import type { RecordDirectory } from './authorizations.ts'
import type { CredentialRecorder } from './credential-recorder.ts'
import type { IdentityProvider } from './identity-provider.ts'
import type { Logger } from './logger.ts'
import { ProviderError } from './provider-error.ts'

export interface CredentialCheckOptions {
  readonly directory: RecordDirectory
  readonly providers: readonly IdentityProvider[]
  readonly recorder: CredentialRecorder
  readonly clock: Clock
  readonly logger: Logger
  /** 0 to 1; spreads the checks. */
  readonly random?: () => number
}

const dayMs = 86_400_000
const firstCheckMs = 10 * 60_000

/**
 * Tries every credential of every provider once a day, backups included, until the signal is aborted. Each provider has
 * its own time of day. Resolves when the last check has ended.
 */
export async function runCredentialChecks(options: CredentialCheckOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger, random = Math.random } = options
  await forget(options.directory, ({ provider }) => !options.providers.some(({ id }) => id === provider))
  await Promise.all(options.providers.map((provider) => checkAgainAndAgain(provider)))

  async function checkAgainAndAgain(provider: IdentityProvider): Promise<void> {
    if (provider.credentials === undefined) return
    let waitMs = firstCheckMs * random()
    while (!signal.aborted) {
      await pause(waitMs)
      if (signal.aborted) return
      try {
        await checkCredentials(options, provider, signal)
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        if (!signal.aborted) logger.error({ provider: provider.id, error: text }, 'credential check')
      }
      waitMs = dayMs * (0.9 + 0.1 * random())
    }
  }

  async function pause(ms: number): Promise<void> {
    try {
      await clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

/** Tries every credential of one provider now, one after the other, and forgets those that are no more. */
export async function checkCredentials(
  { directory, recorder, logger }: Pick<CredentialCheckOptions, 'directory' | 'recorder' | 'logger'>,
  provider: IdentityProvider,
  signal: AbortSignal,
): Promise<void> {
  const credentials = (await provider.credentials?.()) ?? []
  const isKnown = (health: CredentialHealth) => credentials.some(({ name }) => name === health.name)
  await forget(directory, (health) => health.provider === provider.id && !isKnown(health))
  for (const credential of credentials) {
    try {
      await credential.test(signal)
      await recorder.succeeded(provider.id, credential)
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const card = cardPath('a-secret-has-expired')
      logger.warn(
        { provider: provider.id, credential: credential.name, error: error.message, card },
        'credential check',
      )
      await recorder.failed(provider.id, credential, error)
    }
  }
}

async function forget(
  directory: RecordDirectory,
  isGone: (health: CredentialHealth & { readonly provider: string }) => boolean,
): Promise<void> {
  const gone = (await readCredentialHealth(directory.store)).filter(isGone)
  if (gone.length === 0) return
  const records = gone.map(({ provider, name }) => healthRecord(provider, name, undefined))
  await directory.commit({ cause: { kind: 'server', id: 'credential removed' }, entries: [], records })
}
