import type { ProbeResult } from '../../sync/identity-provider.ts'
import { mailServerOf } from '../../sync/reporting/senders.ts'
import { resolveSecret } from '../runtime/secret.ts'
import { trustCaFile } from '../runtime/trust.ts'
import { loadTlsIdentity } from '../ldap/tls.ts'
import { providersOf, type WorkspaceOptions } from '../workspace.ts'

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
  if (!offline) {
    const mailServer = mailServerOf(config, (source) => resolveSecret(source, { env, baseDir }))
    if (mailServer) results.push(await probe('smtp', 'mail server', () => mailServer.test()))
    for (const provider of providersOf(options)) {
      const found = await provider.test(AbortSignal.timeout(probeTimeoutMs))
      results.push(...found.map((result) => ({ part: `provider ${provider.id}`, ...result })))
    }
  }
  const text = results
    .map(({ part, name, ok, message }) => `${ok ? 'ok  ' : 'FAIL'} ${part}: ${name}: ${message}\n`)
    .join('')
  return { ok: results.every(({ ok }) => ok), results, text }
}

async function probe(
  part: string,
  name: string,
  attempt: () => Promise<unknown>,
): Promise<ProbeResult & { part: string }> {
  try {
    await attempt()
    return { part, name, ok: true, message: 'can be used' }
  } catch (error) {
    return { part, name, ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}
