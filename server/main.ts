import { join } from 'node:path'
import { administration } from './administration/administration.ts'
import { createClientHappenings } from './administration/client-happenings.ts'
import { directoryFigures } from './administration/directory-figures.ts'
import { startAdminServer } from '../admin-ui/admin-server.ts'
import type { ReadSecret } from '../sync/provider-secret.ts'
import { createConfigReload, type ReloadReport } from './config-reload.ts'
import { reloadCommand } from './commands/reload-command.ts'
import { runCommand } from './commands/commands.ts'
import { createBackgroundWork } from './background-work.ts'
import { createBindRates } from './bind-rates.ts'
import { runKeepers } from './keepers.ts'
import { adminCertificate, ldapCertificate, watchServerCertificates } from './server-certificates.ts'
import { startControlServer } from './control/control-server.ts'
import { openOperationLog, type OperationLog } from './directory/operation-log/operation-log.ts'
import type { LineSink } from './ldap/line-writer.ts'
import { loadTlsIdentity } from './ldap/tls.ts'
import { beginLdapWorker, startLdapThread } from './ldap-thread.ts'
import type { LoadedConfig } from './runtime/config.ts'
import type { Config } from './runtime/config-schema.ts'
import { Lifecycle } from './runtime/lifecycle.ts'
import { createMetrics } from './runtime/metrics.ts'
import { createMemoryKeeper } from './runtime/give-back-memory.ts'
import { countRun, metricsText } from './server-metrics.ts'
import { resolveSecret } from './runtime/secret.ts'
import { ownAccount } from './self-service.ts'
import { createSyncServices } from './sync-services.ts'
import type { HookResult } from '../sync/change-hook.ts'
import { readiness } from './readiness.ts'
import { offerSetupLink } from './setup-link-file.ts'
import { version } from './version.ts'
import { forgetNtHashes, openWorkspace, type WorkspaceOptions } from './open-workspace.ts'
import { type Workspace } from './workspace.ts'

export interface ServerOptions extends WorkspaceOptions {
  /** Reads the configuration file again; undefined: there is none. Throws ConfigError. */
  readonly loadAgain?: () => Promise<LoadedConfig>
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
  /** Reads configuration and certificates again; open connections go on. */
  reload(): Promise<ReloadReport>
  /** Resolves when everything has been stopped. */
  readonly stopped: Promise<void>
}

/** After the start, or a run: when what follows it has ended as well. */
const memoryBackMs = 1500

/** Starts every part in order; resolves when LDAP answers. What is started ends, in reverse, with the signal or by disposal. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { logger, signal } = options
  const lifecycle = new Lifecycle({
    ...(signal ? { signal } : {}),
    onStopProblem: (part, problem) => logger.error({ part, err: problem }, 'part did not stop'),
  })
  try {
    return await startParts(options, lifecycle)
  } catch (error) {
    await lifecycle.stop()
    throw error
  }
}

async function startParts(options: ServerOptions, lifecycle: Lifecycle): Promise<RunningServer> {
  const { loaded, logger, clock, env } = options
  const { config } = loaded
  const metrics = createMetrics({ processMetrics: true })
  const countRunIn = countRun(metrics)
  const memory = createMemoryKeeper(memoryBackMs)
  const readSecret: ReadSecret = (source) => resolveSecret(source, { env, baseDir: loaded.baseDir })
  let isSyncing = false
  memory.soon() // what reading the store left
  const aroundReplacement = async (replace: () => Promise<void>) => {
    await sync.stop()
    try {
      await replace()
    } finally {
      sync = newSyncServices()
      if (isSyncing) sync.start()
    }
  }

  // Beside the store, which it needs only when it answers.
  const ldapWorker = await lifecycle.start(
    'code of LDAP',
    () => beginLdapWorker({ config, suffix: config.baseDn, version, env, baseDir: loaded.baseDir }),
    (begun) => begun.close(),
  )
  const workspace = await lifecycle.start(
    'store',
    () =>
      openWorkspace({
        ...options,
        onRun(report) {
          countRunIn(report)
          memory.soon()
        },
        onPasswordCheck: (provider, outcome) => metrics.passwordChecks.inc({ provider, outcome }),
        aroundReplacement,
      }),
    async (opened) => {
      memory.close()
      await opened[Symbol.asyncDispose]()
    },
  )
  const { directory } = workspace
  const onHookCall = (provider: string, result: HookResult) => metrics.hookCalls.inc({ provider, result })
  const newSyncServices = () => createSyncServices(workspace, { logger, readSecret, onHookCall })
  let sync = newSyncServices()
  const keyProblem = await workspace.sealed.problem()
  if (keyProblem !== undefined) logger.error({ problem: keyProblem }, 'master key cannot be used')
  const loadTls = ({ ldap }: Config) => loadTlsIdentity(ldap, config.dataDir, clock.now())
  let tls = await loadTls(config)
  const adminTls = await adminCertificate(config.admin.tls)
  const clientHappenings = createClientHappenings({
    clock,
    watch: (watched) => {
      ldap.watchClients(watched).catch((error: unknown) => logger.error({ err: error }, 'clients cannot be watched'))
    },
  })
  const operationLog = await openOperationLog({
    directory,
    clock,
    days: () => workspace.config.retention.bindLogDays,
    onProblem: (error) => logger.error({ err: error }, 'LDAP operations could not be kept for the page of the log'),
  })
  await lifecycle.start(
    'operation log',
    (stopping) => ({ ended: operationLog.run(stopping) }),
    async ({ ended }) => {
      await ended
      await operationLog.flush() // what LDAP wrote as it ended
    },
  )
  const ldap = await lifecycle.start(
    'ldap',
    () =>
      startLdapThread({
        begun: ldapWorker,
        tls: tls.options,
        directory,
        signIn: workspace.signIn,
        accessLogSink: alsoKept(options.accessLogSink, operationLog),
        logger,
        onClientHappening: (happening) => clientHappenings.heard(happening),
        onDeath(error) {
          if (options.signal?.aborted) return // before it had begun to answer
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
  const bindRates = createBindRates({
    counts: () => ldap.bindCounts(),
    clock,
    onProblem: (error) => logger.error({ err: error }, 'binds could not be counted'),
  })
  const counted = directoryFigures(directory)
  const cookieKey = await workspace.webSessions.cookieKey()
  const admin = await lifecycle.start(
    'http',
    () =>
      startAdminServer({
        host: config.admin.host,
        port: config.admin.port,
        tls: adminTls?.current.options,
        trustProxy: config.admin.trustProxy,
        ready: () => readiness(workspace),
        metricsText: () =>
          metricsText(metrics, workspace, ldap, {
            configurationFile: configReload.last(),
            certificate: ldapCertificate(tls),
          }),
        caPem: () => tls.caPem,
        organization: config.organization,
        enrollment: {
          find: (token) => workspace.enrollment.find(token),
          confirm: (token) => workspace.enrollment.confirm(token),
        },
        publicUrl: config.admin.publicUrl,
        authorizationLinks: () => workspace.authorizationLinks,
        selfService: {
          organization: config.organization,
          accounts: workspace.accounts,
          sshKeys: workspace.sshKeys,
          sessions: workspace.webSessions,
          cookieKey,
          clock,
          signIn: () => sync.peopleSignIn,
          account: (entryUUID) => ownAccount(workspace, entryUUID),
        },
        administration: administration({
          workspace,
          configFile: loaded.path,
          secret: readSecret,
          cookieKey,
          background,
          logger,
          caPem: () => tls.caPem,
          clientHappenings,
          counted,
          operationLog,
          ldap: { bindRates: () => bindRates.list(), certificate: () => ldapCertificate(tls) },
          configurationFile: () => configReload.last(),
        }),
        changeHooks: { receive: (...call) => sync.changeHooks.receive(...call) },
        onAnswer: (method, status) => metrics.httpRequests.inc({ method, status: String(status) }),
        logger,
      }),
    (server) => server.close(),
  )
  const certificates = watchServerCertificates({
    ldap: { current: tls, load: () => loadTls(workspace.config), config: () => workspace.config },
    admin: adminTls,
    clock,
    logger,
    useForLdap(identity) {
      tls = identity
      return ldap.useTls(identity.options)
    },
    useForAdmin: (options) => admin.useTls(options),
  })
  await lifecycle.run('certificate watch', (stopping) => certificates.run(stopping))
  const configReload = await createConfigReload({
    loaded,
    load: options.loadAgain ?? (() => Promise.resolve(loaded)),
    async use(edited, isForSync) {
      await loadTls(edited)
      await workspace.managedProviders.useFile(edited, isForSync)
      logger.level = edited.log.level
      await ldap.configure(edited)
      if (!edited.passwords.ntHash) await forgetNtHashes(directory)
      await certificates.reloadLdap()
    },
    clock,
    logger,
  })
  async function reload(): Promise<ReloadReport> {
    const report = await configReload.reload()
    await certificates.reload()
    return report
  }
  if (options.loadAgain !== undefined)
    await lifecycle.run('configuration watch', (stopping) => configReload.run(stopping))
  await lifecycle.run('bind rates', (stopping) => bindRates.run(stopping))
  await runKeepers(lifecycle, { workspace, figures: async () => (await counted()).figures, clock, logger })
  await lifecycle.start(
    'control socket',
    () =>
      startControlServer(join(config.dataDir, 'control.sock'), (name, input, progress, gone) =>
        name === reloadCommand.name ? reload() : runCommand(workspace, name, input, progress, gone),
      ),
    (server) => server.close(),
  )
  await lifecycle.start(
    'sync',
    (stopping) => {
      isSyncing = true
      stopping.addEventListener('abort', () => (isSyncing = false))
      sync.start()
    },
    () => sync.stop(),
  )
  await offerSetupLink(workspace.administrators, config.dataDir, { logger, terminal: options.terminal })
  const ports = { ldap: ldap.port, ldaps: ldap.tlsPort, admin: admin.port }
  logger.info({ ...ports, version, baseDn: config.baseDn, dataDir: config.dataDir }, 'ready')
  return {
    workspace,
    ports,
    caPem: tls.caPem,
    reload,
    stopped: lifecycle.stopped,
    [Symbol.asyncDispose]: () => lifecycle.stop(),
  }
}

/** A sink whose lines are kept for the page of the log as well. */
function alsoKept(sink: LineSink, log: Pick<OperationLog, 'take'>): LineSink {
  return {
    write(lines) {
      sink.write(lines)
      log.take(lines)
    },
    get writableLength() {
      return sink.writableLength
    },
  }
}
