import { join } from 'node:path'
import { administration } from './administration/administration.ts'
import { startAdminServer } from '../admin-ui/admin-server.ts'
import type { ReadSecret } from '../sync/provider-secret.ts'
import { createDelivery } from '../sync/reporting/delivery.ts'
import { runReportWatch } from '../sync/reporting/report-watch.ts'
import { mailSender, notificationSender } from '../sync/reporting/senders.ts'
import type { RunReport } from '../sync/run-report.ts'
import { runCredentialChecks } from '../sync/credential-checks.ts'
import { createChangeHooks } from '../sync/change-hooks.ts'
import { createSubscriptionKeeper } from '../sync/subscription-keeper.ts'
import { createSyncSchedule } from '../sync/sync-scheduler.ts'
import { runCommand } from './commands/commands.ts'
import { createBackgroundWork } from './background-work.ts'
import { startControlServer } from './control/control-server.ts'
import type { LineSink } from './ldap/access-log.ts'
import { watchCertificates } from './ldap/certificate-watch.ts'
import { runSessionSweep } from './directory/credentials/web-sessions.ts'
import { loadTlsIdentity } from './ldap/tls.ts'
import { type LdapThread, startLdapThread } from './ldap-thread.ts'
import { Lifecycle } from './runtime/lifecycle.ts'
import { createMetrics, type Metrics } from './runtime/metrics.ts'
import { resolveSecret } from './runtime/secret.ts'
import { ownAccount, peopleSignIn } from './self-service.ts'
import { readiness } from './readiness.ts'
import { offerSetupLink } from './setup-link-file.ts'
import { version } from './version.ts'
import { openWorkspace, type WorkspaceOptions } from './open-workspace.ts'
import { type Workspace } from './workspace.ts'

export interface ServerOptions extends WorkspaceOptions {
  /** Gets the access log, whole lines at a time. */
  readonly accessLogSink: LineSink
  /** Gets what only a person who watches should see; undefined where nobody does. */
  readonly terminal?: ((text: string) => void) | undefined
  /** Stops the server when it aborts. */
  readonly signal?: AbortSignal
}

export interface RunningServer extends AsyncDisposable {
  readonly workspace: Workspace
  readonly ports: { readonly ldap: number; readonly ldaps: number | undefined; readonly admin: number }
  /** PEM; undefined when the operator's own certificate is in use. */
  readonly caPem: string | undefined
  /** Reads certificates again; open connections go on. */
  reload(): Promise<void>
  /** Resolves when everything has been stopped. */
  readonly stopped: Promise<void>
}

/** Starts every part in order; resolves when LDAP answers. What is started ends, in reverse, with the signal or by disposal. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { loaded, logger, clock, env, signal } = options
  const { config } = loaded
  const lifecycle = new Lifecycle({
    ...(signal ? { signal } : {}),
    onStopProblem: (part, problem) => logger.error({ part, err: problem }, 'part did not stop'),
  })
  const metrics = createMetrics({ processMetrics: true })

  const workspace = await lifecycle.start(
    'store',
    () =>
      openWorkspace({
        ...options,
        onRun: countRun(metrics),
        onPasswordCheck: (provider, outcome) => metrics.passwordChecks.inc({ provider, outcome }),
      }),
    async (opened) => {
      await opened[Symbol.asyncDispose]()
    },
  )
  const { directory, engine, providers, credentialRecorder } = workspace
  const schedule = createSyncSchedule({ engine, config, providers, clock, logger })
  const subscriptions = createSubscriptionKeeper({
    directory,
    providers,
    publicUrl: config.admin.publicUrl,
    onCreated: (provider) => schedule.hint(provider),
    clock,
    logger,
  })
  const keyProblem = await workspace.sealed.problem()
  if (keyProblem !== undefined) logger.error({ problem: keyProblem }, 'master key cannot be used')
  let tls = await loadTlsIdentity(config.ldap, config.dataDir, clock.now())
  const ldap = await lifecycle.start(
    'ldap',
    () =>
      startLdapThread({
        config,
        suffix: config.baseDn,
        version,
        env,
        baseDir: loaded.baseDir,
        tls: tls.options,
        directory,
        signIn: workspace.signIn,
        accessLogSink: options.accessLogSink,
        logger,
        onDeath(error) {
          logger.error({ err: error }, 'LDAP is not answered any more; the server stops')
          process.exitCode = 1
          void lifecycle.stop()
        },
      }),
    (thread) => thread.close(),
  )
  const background = await lifecycle.start(
    'work that was asked for',
    () => createBackgroundWork(logger),
    (work) => work.close(),
  )
  const cookieKey = await workspace.webSessions.cookieKey()
  const admin = await lifecycle.start(
    'http',
    () =>
      startAdminServer({
        host: config.admin.host,
        port: config.admin.port,
        ready: () => readiness(workspace),
        metricsText: () => metricsText(metrics, workspace, ldap),
        caPem: () => tls.caPem,
        organization: config.organization,
        enrollment: workspace.enrollment,
        publicUrl: config.admin.publicUrl,
        authorizationLinks: workspace.authorizationLinks,
        selfService: {
          organization: config.organization,
          accounts: workspace.accounts,
          sshKeys: workspace.sshKeys,
          sessions: workspace.webSessions,
          cookieKey,
          clock,
          signIn: peopleSignIn(workspace, logger),
          account: (entryUUID) => ownAccount(workspace, entryUUID),
        },
        administration: administration({ workspace, cookieKey, background, logger }),
        changeHooks: createChangeHooks({
          providers,
          subscriptions,
          schedule,
          onCall: (provider, result) => metrics.hookCalls.inc({ provider, result }),
        }),
        onAnswer: (method, status) => metrics.httpRequests.inc({ method, status: String(status) }),
        logger,
      }),
    (server) => server.close(),
  )
  const certificates = watchCertificates({
    config: config.ldap,
    dataDir: config.dataDir,
    clock,
    use: (identity) => {
      tls = identity
      void ldap.useTls(identity.options).then(() => logger.info('certificate in use is new'))
    },
    onProblem: (error) => logger.error({ err: error }, 'certificate could not be read; the one before stays'),
  })
  await lifecycle.start(
    'certificate watch',
    (stopping) => ({ ended: certificates.run(stopping) }),
    ({ ended }) => ended,
  )
  const readSecret: ReadSecret = (source) => resolveSecret(source, { env, baseDir: loaded.baseDir })
  const delivery = createDelivery({
    directory,
    clock,
    logger,
    senders: {
      mail: mailSender(workspace.mailServer),
      invitation: workspace.enrollment.sender,
      notification: notificationSender(config, readSecret, clock),
    },
  })
  await lifecycle.start(
    'delivery',
    (stopping) => ({ ended: delivery.run(stopping) }),
    ({ ended }) => ended,
  )
  await lifecycle.start(
    'report watch',
    (stopping) => ({ ended: runReportWatch({ directory, config, clock, logger }, stopping) }),
    ({ ended }) => ended,
  )
  await lifecycle.start(
    'session sweep',
    (stopping) => {
      const onProblem = (error: unknown) => logger.error({ err: error }, 'sessions that expired could not be removed')
      return { ended: runSessionSweep(workspace.webSessions, { clock, onProblem }, stopping) }
    },
    ({ ended }) => ended,
  )
  await lifecycle.start(
    'control socket',
    () =>
      startControlServer(join(config.dataDir, 'control.sock'), (name, input, progress, gone) =>
        runCommand(workspace, name, input, progress, gone),
      ),
    (server) => server.close(),
  )
  await lifecycle.start(
    'sync schedule',
    (stopping) => ({ ended: schedule.run(stopping) }),
    ({ ended }) => ended,
  )
  await lifecycle.start(
    'change subscriptions',
    (stopping) => ({ ended: subscriptions.run(stopping) }),
    ({ ended }) => ended,
  )
  await lifecycle.start(
    'credential checks',
    (stopping) => ({
      ended: runCredentialChecks({ directory, providers, recorder: credentialRecorder, clock, logger }, stopping),
    }),
    ({ ended }) => ended,
  )
  await offerSetupLink(workspace.administrators, config.dataDir, { logger, terminal: options.terminal })
  const ports = { ldap: ldap.port, ldaps: ldap.tlsPort, admin: admin.port }
  logger.info({ ...ports, version, baseDn: config.baseDn, dataDir: config.dataDir }, 'ready')
  return {
    workspace,
    ports,
    caPem: tls.caPem,
    reload: () => certificates.reload(),
    stopped: lifecycle.stopped,
    [Symbol.asyncDispose]: () => lifecycle.stop(),
  }
}

function countRun(metrics: Metrics) {
  return ({ provider, outcome, dryRun, started, finished, calls, counts, held }: RunReport): void => {
    if (dryRun) return
    const ended = finished === null ? Date.parse(started) : Date.parse(finished)
    metrics.syncRuns.inc({ provider, outcome })
    metrics.syncRunSeconds.observe({ provider }, (ended - Date.parse(started)) / 1000)
    metrics.providerCalls.inc({ provider }, calls)
    if (outcome === 'failed' || outcome === 'cancelled') return
    metrics.syncLastSuccessSeconds.set({ provider }, ended / 1000)
    for (const kind of ['added', 'updated', 'renamed', 'deactivated', 'reactivated', 'removed'] as const) {
      metrics.syncChanges.inc({ provider, kind }, counts.user[kind] + counts.group[kind] + counts.entry[kind])
    }
    for (const plan of held) metrics.syncHeldChanges.set({ provider: plan.provider }, plan.changes.length)
    if (!held.some((plan) => plan.provider === provider)) metrics.syncHeldChanges.set({ provider }, 0)
  }
}

async function metricsText(metrics: Metrics, { directory }: Workspace, ldap: LdapThread): Promise<string> {
  metrics.directoryEntries.set(directory.size)
  metrics.directoryLastChange.set(directory.store.lastChange)
  return `${await metrics.text()}${await ldap.metricsText()}`
}
