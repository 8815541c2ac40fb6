import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type RunningServer, startServer } from '../../server/main.ts'
import { systemClock } from '../../server/runtime/clock.ts'
import type { LoadedConfig } from '../../server/runtime/config.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { createLogger } from '../../server/runtime/logger.ts'
import { freePort } from './free-port.ts'

/** An administrator of the simulated tenant; another one follows. */
export const administrator = 'zoe.lindqvist@contoso.example'
export const backup = 'thora.hallgrimsdottir@contoso.example'

export interface AuthorizingServer extends AsyncDisposable {
  readonly tenants: SimulatedTenants
  readonly server: RunningServer
  readonly publicUrl: string
  readonly dataDir: string
  /** Lines of the log. */
  readonly logged: readonly string[]
  readonly loaded: LoadedConfig
  /** Stops the server and starts it again on the same store. */
  restart(meanwhile?: () => Promise<void>): Promise<void>
}

/** A server over the simulated Entra tenant, which is read in the name of administrators alone. */
export async function startAuthorizingServer(): Promise<AuthorizingServer> {
  const parts = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-authorize-'))
  parts.defer(() => rm(dataDir, { recursive: true }))
  const tenants = parts.use(await startSimulatedTenants())
  setDefaultCACertificates([...getCACertificates('default'), tenants.caPem])
  const { authorityHost, graphUrl, scope, tenantId, clientId, tenant } = tenants.entra
  const port = await freePort()
  const publicUrl = `http://localhost:${port}`
  tenant.application.redirectUris.add(`${publicUrl}/authorize/callback`)
  const config = configSchema.parse({
    baseDn: 'dc=example,dc=com',
    dataDir,
    ldap: { port: 0, tls: { port: 0 } },
    admin: { host: '127.0.0.1', port, publicUrl },
    providers: [
      {
        id: 'contoso',
        type: 'entra',
        name: 'Contoso',
        credentials: [{ kind: 'delegated' }],
        tenantId,
        clientId,
        authorityHost,
        graphUrl: `${graphUrl}/v1.0`,
        scope,
      },
    ],
  })
  const loaded = { config, path: join(dataDir, 'ldap.config.json'), baseDir: dataDir }
  const logged: string[] = []
  const start = () =>
    startServer({
      loaded,
      env: {},
      clock: systemClock,
      logger: createLogger({ level: 'debug', format: 'json', write: (line) => void logged.push(line) }),
      accessLogSink: { write: (lines) => void logged.push(Buffer.from(lines).toString()), writableLength: 0 },
    })
  let server = await start()
  parts.defer(() => server[Symbol.asyncDispose]())
  return {
    tenants,
    get server() {
      return server
    },
    publicUrl,
    dataDir,
    logged,
    loaded,
    async restart(meanwhile) {
      await server[Symbol.asyncDispose]()
      await meanwhile?.()
      server = await start()
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}
