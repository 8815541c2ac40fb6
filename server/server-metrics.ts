import type { LdapCertificate } from '../admin-ui/admin/overview-services.ts'
import { listProviders } from '../sync/provider-list.ts'
import { readReported } from '../sync/reporting/run-reporting.ts'
import type { RunReport } from '../sync/run-report.ts'
import { readLastBackup } from './backup.ts'
import type { ConfigReload } from './config-reload.ts'
import type { LdapThread } from './ldap-thread.ts'
import { readiness } from './readiness.ts'
import type { Metrics } from './runtime/metrics.ts'
import { version } from './version.ts'
import type { Workspace } from './workspace.ts'

/** Counts a run that ended. */
export function countRun(metrics: Metrics) {
  return ({ provider, outcome, dryRun, started, finished, calls, counts }: RunReport): void => {
    if (dryRun) return
    const ended = finished === null ? Date.parse(started) : Date.parse(finished)
    metrics.syncRuns.inc({ provider, outcome })
    metrics.syncRunSeconds.observe({ provider }, (ended - Date.parse(started)) / 1000)
    metrics.providerCalls.inc({ provider }, calls)
    if (outcome === 'failed' || outcome === 'cancelled') return
    for (const kind of ['added', 'updated', 'renamed', 'deactivated', 'reactivated', 'removed'] as const) {
      metrics.syncChanges.inc({ provider, kind }, counts.user[kind] + counts.group[kind] + counts.entry[kind])
    }
  }
}

/** Of both threads, with what is so when they are asked for. */
export async function metricsText(
  metrics: Metrics,
  workspace: Workspace,
  ldap: LdapThread,
  {
    configurationFile,
    certificate,
  }: { readonly configurationFile: ReturnType<ConfigReload['last']>; readonly certificate: LdapCertificate },
): Promise<string> {
  const { directory } = workspace
  const { store } = directory
  metrics.info.set({ version }, 1)
  metrics.ready.set(readiness(workspace).ok ? 1 : 0)
  metrics.configProblems.set(configurationFile.problems.length)
  metrics.configNeedsRestart.set(configurationFile.needsRestart.length)
  metrics.certificateExpires.set(Date.parse(certificate.expires) / 1000)
  metrics.directoryEntries.set(directory.size)
  metrics.directoryLastChange.set(store.lastChange)
  metrics.storeRefusesWrites.set(store.writeProblem === undefined ? 0 : 1)
  const backup = await readLastBackup(store)
  if (backup !== undefined) metrics.lastBackup.set(Date.parse(backup.at) / 1000)
  await setProviders(metrics, workspace)
  return `${await metrics.text()}${await ldap.metricsText()}`
}

/** Anew each time: a provider that is no more has no metrics. */
async function setProviders(metrics: Metrics, workspace: Workspace): Promise<void> {
  const { config, providers, authorizations, engine, directory, clock } = workspace
  const { store } = directory
  const listed = await listProviders(config, providers, { store, authorizations })
  const paused = await engine.control.paused()
  const held = await engine.plan.show()
  const found = await Promise.all(
    listed.map(async (provider) => ({
      ...provider,
      lastSuccess: (await readReported(store, provider.id)).lastSuccess,
    })),
  )
  for (const gauge of [
    metrics.syncLastSuccess,
    metrics.syncHeldChanges,
    metrics.providerStale,
    metrics.providerPaused,
    metrics.credentialRefused,
    metrics.credentialExpires,
  ])
    gauge.reset()
  for (const { id: provider, credentials, lastSuccess } of found) {
    const plans = held.filter((plan) => plan.provider === provider && !plan.discarded)
    metrics.syncHeldChanges.set(
      { provider },
      plans.reduce((sum, { changes }) => sum + changes.length, 0),
    )
    metrics.providerPaused.set({ provider }, paused.has(provider) ? 1 : 0)
    const settings = config.providers.find(({ id }) => id === provider)
    if (lastSuccess !== null) metrics.syncLastSuccess.set({ provider }, Date.parse(lastSuccess) / 1000)
    if (lastSuccess !== null && settings !== undefined && settings.type !== 'ldif') {
      const isStale = clock.now().getTime() - Date.parse(lastSuccess) > settings.staleAfterHours * 3_600_000
      metrics.providerStale.set({ provider }, isStale ? 1 : 0)
    }
    for (const { name, ok, expires } of credentials) {
      metrics.credentialRefused.set({ provider, credential: name }, ok ? 0 : 1)
      if (expires !== null) metrics.credentialExpires.set({ provider, credential: name }, Date.parse(expires) / 1000)
    }
  }
}
