import type { RecordDirectory } from './authorizations.ts'
import type { Clock } from '../server/runtime/clock.ts'
import { type CredentialHealth, healthRecord } from './credential-health.ts'
import { trusted } from './ledgers.ts'
import { createLine } from './line.ts'
import type { Logger } from './logger.ts'
import type { ProviderError } from './provider-error.ts'

/** What is known of a credential before it is tried. */
export interface CredentialIdentity extends Pick<CredentialHealth, 'name' | 'kind' | 'purposes' | 'authorizedBy'> {
  /** ISO 8601; null where the end cannot be known. */
  readonly expires: () => Promise<string | null>
}

/** Keeps how the credentials of all providers fare. Never throws: a run does not depend on it. */
export interface CredentialRecorder {
  /** A success is written at most once an hour, a failure when it is another than before. */
  succeeded(provider: string, credential: CredentialIdentity): Promise<void>
  failed(provider: string, credential: CredentialIdentity, error: ProviderError): Promise<void>
}

const writeEveryMs = 3_600_000

export function createCredentialRecorder({
  directory,
  clock,
  logger,
}: {
  readonly directory: RecordDirectory
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}): CredentialRecorder {
  const { store } = directory
  const inLine = createLine()
  /** When a success was last written, by provider and name: most need no look into the store. */
  const writtenMs = new Map<string, number>()

  async function keep(
    provider: string,
    credential: CredentialIdentity,
    outcome: (
      before: CredentialHealth | undefined,
      now: string,
    ) => Pick<CredentialHealth, 'lastTried' | 'lastSuccess' | 'ok' | 'problem'>,
  ): Promise<void> {
    try {
      await inLine(async () => {
        // An authorization may have been forgotten while it was tried.
        if (
          credential.kind === 'delegated' &&
          (await store.get('provider', [provider, 'authorization', credential.name])) === undefined
        )
          return
        const stored = await store.get('provider', [provider, 'credential', credential.name])
        const before = stored === undefined ? undefined : trusted<CredentialHealth>(stored)
        const now = clock.now()
        const { name, kind, purposes, authorizedBy } = credential
        const expires = await credential.expires()
        const after = { name, kind, purposes, authorizedBy, expires, ...outcome(before, now.toISOString()) }
        if (before !== undefined && !isNews(before, after, now)) return
        const records = [healthRecord(provider, credential.name, after)]
        await directory.commit({ cause: { kind: 'server', id: 'credential tried' }, entries: [], records })
      })
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      logger.error({ provider, credential: credential.name, error: text }, 'credential health could not be recorded')
    }
  }

  return {
    async succeeded(provider, credential) {
      const id = `${provider}/${credential.name}`
      const nowMs = clock.now().getTime()
      if (nowMs - (writtenMs.get(id) ?? 0) < writeEveryMs) return
      await keep(provider, credential, (_before, now) => ({
        lastTried: now,
        lastSuccess: now,
        ok: true,
        problem: null,
      }))
      writtenMs.set(id, nowMs)
    },
    async failed(provider, credential, error) {
      writtenMs.delete(`${provider}/${credential.name}`)
      await keep(provider, credential, (before, now) => ({
        lastTried: now,
        lastSuccess: before?.lastSuccess ?? null,
        ok: error.isTransient ? (before?.ok ?? true) : false,
        problem: error.message,
      }))
    },
  }
}

function isNews(before: CredentialHealth, after: CredentialHealth, now: Date): boolean {
  if (before.ok !== after.ok || before.problem !== after.problem || before.expires !== after.expires) return true
  return now.getTime() - Date.parse(before.lastTried ?? '1970-01-01') >= writeEveryMs
}
