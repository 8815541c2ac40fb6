import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SimulatedTenants, startSimulatedTenants } from '../demo/simulated-tenants.ts'
import { createBcryptPool } from './directory/authentication/bcrypt-pool.ts'
import { directoryPassword } from './directory/credentials/credential-records.ts'
import { type RunningServer, startServer } from './main.ts'
import { systemClock } from './runtime/clock.ts'
import type { LoadedConfig } from './runtime/config.ts'
import { configSchema } from './runtime/config-schema.ts'
import { createLogger } from './runtime/logger.ts'
import { trustCertificates } from './runtime/trust.ts'
import { signInRedirectUri } from './self-service.ts'
import type { Workspace } from './workspace.ts'

export interface DemoPorts {
  readonly ldapPort: number
  readonly ldapsPort: number
  readonly adminPort: number
}

const baseDn = 'dc=example,dc=com'
const personName = 'zoe.lindqvist'

export interface Demo extends AsyncDisposable {
  readonly tenants: SimulatedTenants
  readonly server: RunningServer
  readonly binder: Login
  readonly person: Login
  /** PEM file of the server's private CA. */
  readonly caFile: string
}

interface Login {
  readonly dn: string
  readonly password: string
}

/** `rosterd demo`: runs until the signal. */
export async function runDemo(ports: DemoPorts, signal: AbortSignal): Promise<void> {
  process.stdout.write('Starting Rosterd with two simulated tenants, one of Entra ID and one of Okta.\n')
  await using demo = await startDemo(ports, signal)
  process.stdout.write(instructions(demo))
  await demo.server.stopped
}

/** Simulated tenants and a server on loopback, synced, in a folder that is gone afterwards. */
export async function startDemo(ports: DemoPorts, signal: AbortSignal): Promise<Demo> {
  const parts = new AsyncDisposableStack()
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-demo-'))
    parts.defer(() => rm(dataDir, { recursive: true, force: true }))
    const tenants = parts.use(await startSimulatedTenants())
    trustCertificates(tenants.caPem)
    const binder = { dn: `cn=svc-reader,ou=services,${baseDn}`, password: newPassword() }
    const person = { dn: `uid=${personName},ou=people,${baseDn}`, password: newPassword() }
    const server = parts.use(
      await startServer({
        loaded: demoConfig(tenants, ports, dataDir, binder.password),
        env: process.env,
        clock: systemClock,
        // The runs are reported below; what else goes wrong here is an error.
        logger: createLogger({ level: 'error', format: 'pretty', write: (line) => void process.stderr.write(line) }),
        accessLogSink: { write: () => undefined, writableLength: 0 },
        terminal: (text) => void process.stdout.write(text),
        signal,
      }),
    )
    for (const { id } of server.workspace.providers) {
      const { outcome, error } = await server.workspace.engine.run(id, { trigger: 'demo', signal })
      if (error !== null) throw new Error(`the sync of ${id} ${outcome}: ${error}`)
    }
    await setPassword(server.workspace, person)
    const caFile = join(dataDir, 'ca.pem')
    await writeFile(caFile, server.caPem ?? '')
    return { tenants, server, binder, person, caFile, [Symbol.asyncDispose]: () => parts.disposeAsync() }
  } catch (error) {
    await parts.disposeAsync()
    throw error
  }
}

function newPassword(): string {
  return randomBytes(9).toString('hex')
}

function demoConfig(
  { entra, okta }: SimulatedTenants,
  ports: DemoPorts,
  dataDir: string,
  binderPassword: string,
): LoadedConfig {
  const publicUrl = `http://localhost:${ports.adminPort}`
  const redirectUri = signInRedirectUri(publicUrl)
  entra.tenant.application.redirectUris.add(redirectUri)
  okta.tenant.webApp.redirectUris.add(redirectUri)
  const config = configSchema.parse({
    baseDn,
    organization: 'Example',
    dataDir,
    ldap: { port: ports.ldapPort, tls: { port: ports.ldapsPort } },
    admin: { port: ports.adminPort, publicUrl },
    providers: [
      {
        id: 'contoso',
        type: 'entra',
        name: 'Contoso (simulated)',
        tenantId: entra.tenantId,
        clientId: entra.clientId,
        credentials: [{ kind: 'application', clientSecret: entra.clientSecret }],
        authorityHost: entra.authorityHost,
        graphUrl: `${entra.graphUrl}/v1.0`,
        scope: entra.scope,
        signIn: { clientId: entra.clientId, clientSecret: entra.clientSecret },
      },
      {
        id: 'acme',
        type: 'okta',
        name: 'Acme (simulated)',
        orgUrl: okta.orgUrl,
        apiToken: okta.apiToken,
        // Who has an address there in both tenants is one person.
        linkDomains: ['contoso.example'],
        signIn: { clientId: okta.clientId, clientSecret: okta.clientSecret },
      },
    ],
    binders: [{ name: 'svc-reader', password: binderPassword }],
  })
  return { config, path: join(dataDir, 'ldap.config.json'), baseDir: dataDir }
}

/** A directory password, as the person would set it after signing in to the cloud. */
async function setPassword({ directory, config, clock }: Workspace, { dn, password }: Login): Promise<void> {
  const entry = directory.entryByDn(dn)
  if (!entry) throw new Error(`${dn} was not synced`)
  await using bcrypt = createBcryptPool(1)
  const hash = await bcrypt.hash(password, config.passwords.bcryptCost)
  await directory.commit({
    cause: { kind: 'server', id: 'demo' },
    entries: [],
    records: [directoryPassword(entry.entryUUID, hash, clock.now())],
  })
}

function instructions({ server, binder, person, caFile }: Demo): string {
  const { ldap, ldaps, admin } = server.ports
  const entries = [...server.workspace.directory.entries()]
  const count = (name: string) =>
    entries.filter(({ attributes }) => attributes.get('objectClass')?.includes(name)).length
  const asBinder = `-D ${binder.dn} -w ${binder.password}`
  return `
Rosterd is ready: ${count('posixAccount')} people and ${count('groupOfNames')} groups, synced over HTTPS.

  ldap://localhost:${ldap}   ldaps://localhost:${ldaps}   http://localhost:${admin}

  binder    ${binder.dn}
  password  ${binder.password}
  person    ${person.dn}
  password  ${person.password}

Find her, bind as her, and list her groups over TLS:

  ldapsearch -x -LLL -H ldap://localhost:${ldap} ${asBinder} -b ${baseDn} '(uid=${personName})' cn mail uidNumber
  ldapwhoami -x -H ldap://localhost:${ldap} -D ${person.dn} -w ${person.password}
  LDAPTLS_CACERT=${caFile} ldapsearch -x -LLL -H ldaps://localhost:${ldaps} ${asBinder} -b ${baseDn} '(memberUid=${personName})' gidNumber

Sign in to her own page with Contoso; your browser will ask about the certificate of the simulated tenant:

  http://localhost:${admin}/me   user name ${personName}@contoso.example   password demo-${personName}

Press Ctrl+C to stop.
`
}
