import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { Provider } from 'oidc-provider'
import { makeServerCertificate, type ServerCertificate } from '../../demo/https/certificate.ts'
import { toServiceRequest } from '../../demo/https/exchange.ts'
import { OktaTenant } from '../../demo/okta/tenant.ts'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type RunningServer, startServer } from '../../server/main.ts'
import { systemClock } from '../../server/runtime/clock.ts'
import type { LoadedConfig } from '../../server/runtime/config.ts'
import { type Config, configSchema } from '../../server/runtime/config-schema.ts'
import { createLogger } from '../../server/runtime/logger.ts'
import { entraSettings, oktaSettings } from '../sync/sync-fixture.ts'
import { freePort } from './free-port.ts'

export interface SelfServiceServer extends AsyncDisposable {
  readonly tenants: SimulatedTenants
  readonly server: RunningServer
  readonly publicUrl: string
  readonly loaded: LoadedConfig
  /** Lines of the log. */
  readonly logged: readonly string[]
  /** entryUUID of the person with this uid. */
  entryUUIDOf(uid: string): string
}

/** Immutable id of the one person of the org that oidc-provider signs in for. */
export const globexPerson = '00uGlobexPerson00001'

/**
 * A synced server whose people sign in through the simulated Entra tenant, the simulated Okta org, and an org that
 * oidc-provider signs people in for.
 */
export async function startSelfServiceServer(): Promise<SelfServiceServer> {
  const parts = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-self-service-'))
  parts.defer(() => rm(dataDir, { recursive: true }))
  const tenants = parts.use(await startSimulatedTenants())
  const port = await freePort()
  const publicUrl = `http://localhost:${port}`
  const redirectUri = `${publicUrl}/me/callback`
  tenants.entra.tenant.application.redirectUris.add(redirectUri)
  tenants.okta.tenant.webApp.redirectUris.add(redirectUri)
  const certificate = await makeServerCertificate()
  setDefaultCACertificates([...getCACertificates('default'), tenants.caPem, certificate.caPem])
  const globex = parts.use(await startGlobex(certificate, [redirectUri, `${publicUrl}/admin/callback`]))
  const config = configOf({ tenants, port, publicUrl, dataDir, globexUrl: globex.origin })
  const loaded = { config, path: join(dataDir, 'ldap.config.json'), baseDir: dataDir }
  const logged: string[] = []
  const server = parts.use(
    await startServer({
      loaded,
      env: {},
      clock: systemClock,
      logger: createLogger({ level: 'debug', format: 'json', write: (line) => void logged.push(line) }),
      accessLogSink: { write: (lines) => void logged.push(Buffer.from(lines).toString()), writableLength: 0 },
    }),
  )
  for (const { id } of server.workspace.providers) {
    const { error } = await server.workspace.engine.run(id, { trigger: 'test' })
    if (error !== null) throw new Error(`${id}: ${error}`)
  }
  return {
    tenants,
    server,
    publicUrl,
    loaded,
    logged,
    entryUUIDOf(uid) {
      const entry = server.workspace.directory.entryByDn(`uid=${uid},ou=people,dc=example,dc=com`)
      if (entry === undefined) throw new Error(`nobody is ${uid}`)
      return entry.entryUUID
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function configOf(at: {
  readonly tenants: SimulatedTenants
  readonly port: number
  readonly publicUrl: string
  readonly dataDir: string
  readonly globexUrl: string
}): Config {
  const { entra, okta } = at.tenants
  const providers = [
    entraSettings(at.tenants, { signIn: { clientId: entra.clientId, clientSecret: entra.clientSecret } }),
    oktaSettings(at.tenants, {
      linkDomains: ['contoso.example'],
      signIn: { clientId: okta.clientId, clientSecret: okta.clientSecret },
    }),
    {
      id: 'globex',
      type: 'okta',
      name: 'Globex',
      orgUrl: at.globexUrl,
      apiToken: 'globex-token',
      signIn: { clientId: 'rosterd', clientSecret: 'globex-secret' },
    },
  ]
  return configSchema.parse({
    baseDn: 'dc=example,dc=com',
    dataDir: at.dataDir,
    ldap: { port: 0, tls: { port: 0 } },
    admin: {
      host: '127.0.0.1',
      port: at.port,
      publicUrl: at.publicUrl,
      oidc: [
        {
          id: 'globex',
          name: 'Globex staff',
          issuer: at.globexUrl,
          clientId: 'rosterd',
          clientSecret: 'globex-secret',
          admins: [{ user: globexPerson, role: 'owner' }],
        },
      ],
    },
    providers,
  })
}

/** Okta's API of the simulation, and a certified OpenID provider in place of its authorization server. */
async function startGlobex({ keyPem, certificatePem }: ServerCertificate, redirectUris: string[]) {
  const listener = createServer({ key: keyPem, cert: certificatePem })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const origin = `https://localhost:${(listener.address() as AddressInfo).port}`
  const app = { clientId: '', keys: new Map(), grantedScopes: new Set<string>() }
  const webApp = {
    clientId: '',
    secret: null,
    redirectUris: new Set<string>(),
    unassigned: new Set<string>(),
    signedInAs: undefined,
    idTokenClaims: {},
  }
  const tenant = await OktaTenant.create(
    origin,
    { serviceApp: app, webApp },
    { now: () => new Date(), pageSize: undefined },
  )
  tenant.apiTokens.add('globex-token')
  tenant.directory.addUser({
    id: globexPerson,
    profile: { login: 'hank@globex.example', email: 'hank@globex.example', firstName: 'Hank', lastName: 'Scorpio' },
  })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const provider = new Provider(origin, {
    clients: [{ client_id: 'rosterd', client_secret: 'globex-secret', redirect_uris: redirectUris }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'globex', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomUUID()] },
    pkce: { required: () => true },
  })
  const signIn = provider.callback()
  listener.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/api/')) void answerApi(tenant, request, response)
    else void signIn(request, response)
  })
  return {
    origin,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections()
      listener.close()
      await once(listener, 'close')
    },
  }
}

async function answerApi(tenant: OktaTenant, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { authorization } = request.headers
  const answer = await tenant.answer(toServiceRequest(request.method ?? '', request.url ?? '', { authorization }, ''))
  for (const [name, value] of Object.entries(answer.headers))
    response.setHeader(name, typeof value === 'string' ? value : [...value])
  response.writeHead(answer.status)
  response.end(JSON.stringify(answer.body))
}
