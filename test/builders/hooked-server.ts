import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServiceRequest } from '../../demo/https/exchange.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { type RunningServer, startServer } from '../../server/main.ts'
import { createLogger } from '../../server/runtime/logger.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { startHookReceiver } from '../demo/hook-receiver.ts'
import { type ManualClock, manualClock } from '../sync/fake-clock.ts'
import { fillSmallTenants, unlimited } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../sync/sync-fixture.ts'

/** What Okta's event hook is set up with. */
export const hookSecret = 'Bearer the-secret-of-the-hook'

type EndedRun = Pick<RunReport, 'provider' | 'trigger' | 'mode' | 'outcome'>

export interface HookedServer extends AsyncDisposable {
  readonly tenants: SimulatedTenants
  readonly server: RunningServer
  readonly clock: ManualClock
  /** `https://localhost:PORT`: a proxy in front of the server that does TLS. */
  readonly publicUrl: string
  /** Calls that came through the proxy. */
  readonly received: readonly ServiceRequest[]
  /** Every line of the log. */
  readonly logged: readonly string[]
  /** Runs that have ended, oldest first. */
  readonly runs: readonly EndedRun[]
  /** Resolves when that many runs have ended. */
  ran(count: number): Promise<void>
  /** Resolves when that many lines of the log hold the text. */
  logs(text: string, count?: number): Promise<void>
  /** Stops the server and starts it again on the same store, with other settings. */
  restart(settings: HookSettings): Promise<void>
}

export interface HookSettings {
  readonly entra?: object
  readonly okta?: object
  /** Default: the proxy. */
  readonly publicUrl?: string
}

const hooked: HookSettings = {
  entra: { changeNotifications: true },
  okta: { eventHook: { secret: hookSecret } },
}

/** A server over both small simulated tenants, which can call it. Time is the test's. */
export async function startHookedServer(
  settings: HookSettings = hooked,
  prepare: (tenants: SimulatedTenants) => void = () => undefined,
): Promise<HookedServer> {
  await using parts = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-hooks-'))
  parts.defer(() => rm(dataDir, { recursive: true }))
  const clock = manualClock(new Date().toISOString())
  const tenants = parts.use(await startTrustedTenants({ data: 'empty', now: () => clock.now() }))
  tenants.entra.tenant.application.permissions.add('Group.Read.All')
  fillSmallTenants(tenants)
  unlimited(tenants)
  prepare(tenants)
  const proxy = parts.use(
    await startHookReceiver(async ({ method, target, headers, body }) => {
      const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...kept } = headers
      // A call that comes while the server starts waits for it.
      const { ports } = await starting
      const answer = await fetch(`http://127.0.0.1:${ports.admin}${target}`, {
        method,
        headers: kept as Record<string, string>,
        ...(method === 'GET' ? {} : { body }),
      })
      return {
        status: answer.status,
        headers: { 'content-type': answer.headers.get('content-type') ?? '' },
        body: await answer.text(),
      }
    }),
  )
  const runs: EndedRun[] = []
  const logged: string[] = []
  let wake: () => void = () => undefined
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise<void>((resolve) => (wake = resolve))
  }
  const write = (line: string) => {
    logged.push(line)
    const { event, provider, trigger, mode, outcome } = JSON.parse(line) as EndedRun & { event: string }
    if (event === 'sync run') runs.push({ provider, trigger, mode, outcome })
    wake()
  }
  const start = ({ entra, okta, publicUrl = proxy.origin }: HookSettings) =>
    startServer({
      loaded: {
        config: configSchema.parse({
          baseDn: 'dc=example,dc=com',
          dataDir,
          ldap: { port: 0, tls: { port: 0 } },
          admin: { port: 0, publicUrl },
          providers: [entraSettings(tenants, entra), oktaSettings(tenants, okta)],
        }),
        path: join(dataDir, 'ldap.config.json'),
        baseDir: dataDir,
      },
      env: {},
      clock,
      logger: createLogger({ level: 'debug', format: 'json', write }),
      accessLogSink: { write: () => undefined, writableLength: 0 },
    })
  let starting = start(settings)
  let server = await starting
  parts.defer(() => server[Symbol.asyncDispose]())
  const owned = parts.move()
  return {
    tenants,
    clock,
    publicUrl: proxy.origin,
    received: proxy.received,
    logged,
    runs,
    get server() {
      return server
    },
    ran: (count) => until(() => runs.length >= count),
    logs: (text, count = 1) => until(() => logged.filter((line) => line.includes(text)).length >= count),
    async restart(changed) {
      await server[Symbol.asyncDispose]()
      starting = start(changed)
      server = await starting
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
