import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createAdminProviders } from '../../sync/admin-providers.ts'
import { createAuthorizations } from '../../sync/authorizations.ts'
import type { ProbeResult } from '../../sync/identity-provider.ts'
import { mailServerOf } from '../../sync/reporting/senders.ts'
import type { ReadSecret } from '../../sync/provider-secret.ts'
import { adminRedirectUri } from '../admin-providers.ts'
import { resolveSecret } from '../runtime/secret.ts'
import { readTlsFiles } from '../runtime/tls-files.ts'
import { trustCaFile } from '../runtime/trust.ts'
import type { DirectoryStore, Generation } from '../directory/directory-store.ts'
import { loadTlsIdentity } from '../ldap/tls.ts'
import { openLevelStore } from '../storage/level-store.ts'
import { corruptStore, isCorruption } from '../storage/database.ts'
import { openMemoryStore } from '../storage/memory-store.ts'
import { signInRedirectUri } from '../self-service.ts'
import { StoreError } from '../storage/store-error.ts'
import { readManagedProviders } from '../../sync/managed-providers/managed-provider-records.ts'
import { type KeptForProviders, providersOf, sealedRecordsOf, type WorkspaceOptions } from '../open-workspace.ts'

export interface CheckReport {
  readonly ok: boolean
  readonly results: readonly (ProbeResult & { readonly part: string })[]
  readonly text: string
}

const probeTimeoutMs = 60_000

/** `rosterd check`: what the configuration needs to work, tried out. The configuration itself was checked when it was loaded. */
export async function runCheck(
  options: Omit<WorkspaceOptions, 'logger'>,
  { offline }: { offline: boolean },
): Promise<CheckReport> {
  const { loaded, env, clock } = options
  const { config, path, baseDir } = loaded
  const results: (ProbeResult & { part: string })[] = [
    { part: 'configuration', name: path, ok: true, message: 'is valid' },
  ]
  if (config.caFile !== null)
    results.push(await probe('configuration', 'caFile', () => trustCaFile(config.caFile ?? '')))
  results.push(await probe('ldap', 'certificate', () => loadTlsIdentity(config.ldap, config.dataDir, clock.now())))
  const { tls } = config.admin
  if (tls !== null) results.push(await probe('admin', 'certificate', () => readTlsFiles('admin.tls', tls)))
  const rows = await checkedStore(join(config.dataDir, 'db'))
  const isStoreWhole = rows.every(({ ok }) => ok)
  results.push(...rows)
  if (!offline) {
    const mailServer = mailServerOf(config, (source) => resolveSecret(source, { env, baseDir }))
    if (mailServer) results.push(await probe('smtp', 'mail server', () => mailServer.test()))
    await using kept = isStoreWhole ? await openKept(options) : undefined
    if (isStoreWhole && kept === undefined)
      results.push({
        part: 'store',
        name: config.dataDir,
        ok: true,
        message:
          'is in use by a server, which tests the accounts and providers that are kept there: "rosterd provider test"',
      })
    const secret: ReadSecret = (source) => resolveSecret(source, { env, baseDir })
    for (const { id, browserSignIn } of createAdminProviders(config.admin.oidc, { secret, clock }))
      results.push(
        await probe(
          `admin.oidc ${id}`,
          'sign-in of administrators',
          () => browserSignIn.test(),
          `the provider answers; the client needs the redirect URI ${adminRedirectUri(config.admin.publicUrl)}`,
        ),
      )
    for (const provider of providersOf(options, kept)) {
      const found = await provider.test(AbortSignal.timeout(probeTimeoutMs))
      results.push(...found.map((result) => ({ part: `provider ${provider.id}`, ...result })))
      const { browserSignIn } = provider
      if (browserSignIn !== undefined)
        results.push(
          await probe(
            `provider ${provider.id}`,
            'sign-in of people',
            () => browserSignIn.test(),
            `the provider answers; the client needs the redirect URI ${signInRedirectUri(config.admin.publicUrl)}`,
          ),
        )
    }
  }
  const text = results
    .map(({ part, name, ok, message }) => `${ok ? 'ok  ' : 'FAIL'} ${part}: ${name}: ${message}\n`)
    .join('')
  return { ok: results.every(({ ok }) => ok), results, text }
}

/**
 * What the store keeps for providers: those managed on the admin page, and accounts that administrators have authorized.
 * Trying an account renews its token, which must be kept: undefined when another process has the store.
 */
async function openKept(
  options: Pick<WorkspaceOptions, 'loaded' | 'env' | 'clock'>,
): Promise<(KeptForProviders & AsyncDisposable) | undefined> {
  const store = await openStore(join(options.loaded.config.dataDir, 'db'))
  if (store === undefined) return undefined
  const directory = { store, commit: (generation: Generation) => store.commit(generation) }
  const sealed = sealedRecordsOf(options, store)
  return {
    sealed,
    managed: await readManagedProviders(store),
    authorizations: createAuthorizations({ directory, sealed, clock: options.clock }),
    [Symbol.asyncDispose]: () => store.close(),
  }
}

/** Whether every row is readable and they agree. Nothing is said of a store that is in use, or not there yet. */
async function checkedStore(folder: string): Promise<readonly (ProbeResult & { part: string })[]> {
  if (!existsSync(folder)) return []
  const row = { part: 'store', name: 'rows' }
  try {
    await using store = await openLevelStore(folder)
    const [problem, ...others] = await store.verify()
    if (problem === undefined) return [{ ...row, ok: true, message: 'agree' }]
    const more = others.length === 0 ? '' : `, and ${others.length} more`
    return [{ ...row, ok: false, message: `${problem}${more}; stop the server and run "rosterd repair"` }]
  } catch (error) {
    if (error instanceof StoreError && error.code === 'locked') return []
    const { message } = isCorruption(error) ? corruptStore(folder, error) : errorOf(error)
    return [{ ...row, ok: false, message }]
  }
}

/** An empty one where there is none yet; undefined when it is in use. */
async function openStore(folder: string): Promise<DirectoryStore | undefined> {
  if (!existsSync(folder)) return openMemoryStore()
  try {
    return await openLevelStore(folder)
  } catch (error) {
    if (error instanceof StoreError && error.code === 'locked') return undefined
    throw error
  }
}

async function probe(
  part: string,
  name: string,
  attempt: () => Promise<unknown>,
  message = 'can be used',
): Promise<ProbeResult & { part: string }> {
  try {
    await attempt()
    return { part, name, ok: true, message }
  } catch (error) {
    return { part, name, ok: false, message: errorOf(error).message }
  }
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
