import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { OperationFigures } from './operation-figures.ts'

const quick = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]
const runs = [1, 5, 15, 60, 300, 900, 3600]

/**
 * Every metric of the server but those of LDAP, in a registry of its own. Label values are few: names of operations, RFC 4511 result codes,
 * provider ids. `processMetrics` adds those of Node itself, which cost timers; leave them out in tests.
 */
export function createMetrics({ processMetrics = false }: { processMetrics?: boolean } = {}) {
  const registry = new Registry()
  const registers = [registry]
  if (processMetrics) collectDefaultMetrics({ register: registry })

  return {
    info: new Gauge({
      name: 'rosterd_info',
      help: 'Always 1; the label is the version.',
      labelNames: ['version'] as const,
      registers,
    }),
    ready: new Gauge({
      name: 'rosterd_ready',
      help: '1 when LDAP answers searches; 0 until every provider has been read once.',
      registers,
    }),
    directoryEntries: new Gauge({
      name: 'rosterd_directory_entries',
      help: 'Entries served.',
      registers,
    }),
    directoryLastChange: new Gauge({
      name: 'rosterd_directory_last_change',
      help: 'Number of the last change in the change log.',
      registers,
    }),
    storeRefusesWrites: new Gauge({
      name: 'rosterd_store_refuses_writes',
      help: '1 while the store takes no changes, such as on a full disk; LDAP and reading go on.',
      registers,
    }),
    syncRuns: new Counter({
      name: 'rosterd_sync_runs_total',
      help: 'Finished sync runs, by provider and outcome (applied, unchanged, held, failed).',
      labelNames: ['provider', 'outcome'] as const,
      registers,
    }),
    syncRunSeconds: new Histogram({
      name: 'rosterd_sync_run_duration_seconds',
      help: 'Time of a sync run.',
      labelNames: ['provider'] as const,
      buckets: runs,
      registers,
    }),
    syncLastSuccess: new Gauge({
      name: 'rosterd_sync_last_success_timestamp_seconds',
      help: 'Unix time of the last successful run.',
      labelNames: ['provider'] as const,
      registers,
    }),
    syncChanges: new Counter({
      name: 'rosterd_sync_changes_total',
      help: 'Changes applied by sync runs, by provider and kind (added, updated, renamed, removed).',
      labelNames: ['provider', 'kind'] as const,
      registers,
    }),
    syncHeldChanges: new Gauge({
      name: 'rosterd_sync_held_changes',
      help: 'Changes that wait for approval.',
      labelNames: ['provider'] as const,
      registers,
    }),
    providerCalls: new Counter({
      name: 'rosterd_provider_calls_total',
      help: 'Calls to a provider in finished runs, repeats included.',
      labelNames: ['provider'] as const,
      registers,
    }),
    hookCalls: new Counter({
      name: 'rosterd_hook_calls_total',
      help: 'Calls to the addresses where providers tell of changes, by result (verified, hint, ignored, refused).',
      labelNames: ['provider', 'result'] as const,
      registers,
    }),
    passwordChecks: new Counter({
      name: 'rosterd_password_checks_total',
      help: 'Passwords that a provider is to check, by outcome (right, wrong, refused, unavailable; spared: not asked, the answer was known).',
      labelNames: ['provider', 'outcome'] as const,
      registers,
    }),
    httpRequests: new Counter({
      name: 'rosterd_http_requests_total',
      help: 'HTTP requests answered, by method and status code.',
      labelNames: ['method', 'status'] as const,
      registers,
    }),
    providerStale: new Gauge({
      name: 'rosterd_provider_stale',
      help: '1 when the last success is longer ago than `staleAfterHours`; cloud providers that were read once.',
      labelNames: ['provider'] as const,
      registers,
    }),
    providerPaused: new Gauge({
      name: 'rosterd_provider_paused',
      help: '1 while the provider is paused.',
      labelNames: ['provider'] as const,
      registers,
    }),
    credentialRefused: new Gauge({
      name: 'rosterd_credential_refused',
      help: '1 when the provider refused the credential at its last use or daily try.',
      labelNames: ['provider', 'credential'] as const,
      registers,
    }),
    credentialExpires: new Gauge({
      name: 'rosterd_credential_expires_timestamp_seconds',
      help: 'Unix time at which the credential ends, where that is known.',
      labelNames: ['provider', 'credential'] as const,
      registers,
    }),
    certificateExpires: new Gauge({
      name: 'rosterd_certificate_expires_timestamp_seconds',
      help: 'Unix time at which the certificate of LDAP ends.',
      registers,
    }),
    lastBackup: new Gauge({
      name: 'rosterd_last_backup_timestamp_seconds',
      help: 'Unix time of the last backup; 0: none yet.',
      registers,
    }),
    configProblems: new Gauge({
      name: 'rosterd_config_problems',
      help: 'Problems of the configuration file as it was last read; while there are any, the one before is in force.',
      registers,
    }),
    configNeedsRestart: new Gauge({
      name: 'rosterd_config_needs_restart',
      help: 'Settings of the configuration file that are in force after a restart alone.',
      registers,
    }),
    /** The exposition format that Prometheus scrapes. */
    text: (): Promise<string> => registry.metrics(),
    described: () => describedIn(registry),
  }
}

export type Metrics = ReturnType<typeof createMetrics>

const ldapOperations: DescribedMetric = {
  name: 'rosterd_ldap_operations_total',
  help: 'LDAP operations answered, by operation and result code name.',
  type: 'counter',
  labels: ['operation', 'result'],
}
const ldapOperationSeconds: DescribedMetric = {
  name: 'rosterd_ldap_operation_duration_seconds',
  help: 'Time from a complete request to its last answer.',
  type: 'histogram',
  labels: ['operation'],
}

/** Metrics of LDAP, which is answered in a thread of its own. */
export function createLdapMetrics(resultName: (resultCode: number) => string) {
  const registry = new Registry()
  const registers = [registry]
  const operations = new OperationFigures(quick)
  return {
    operations,
    ldapConnections: new Gauge({
      name: 'rosterd_ldap_connections',
      help: 'Open LDAP connections.',
      registers,
    }),
    /** The exposition format that Prometheus scrapes. */
    text: async (): Promise<string> =>
      `${await registry.metrics()}\n${operations.text(ldapOperations, ldapOperationSeconds, resultName)}`,
    described: () => [ldapOperations, ldapOperationSeconds, ...describedIn(registry)],
  }
}

/** A metric, as the docs have it. */
export interface DescribedMetric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labels: readonly string[]
}

function describedIn(registry: Registry): readonly DescribedMetric[] {
  // The declarations of the package leave out what every metric has.
  const all = registry.getMetricsAsArray() as unknown as readonly {
    readonly name: string
    readonly help: string
    readonly type: string
    readonly labelNames: readonly string[]
  }[]
  return all.map(({ name, help, type, labelNames }) => ({ name, help, type, labels: labelNames }))
}
