import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SimulatedTenants, startSimulatedTenants } from '../demo/simulated-tenants.ts'
import { createBcryptPool } from './directory/bcrypt-pool.ts'
import { directoryPassword } from './directory/credentials.ts'
import { startServer } from './main.ts'
import { systemClock } from './runtime/clock.ts'
import type { LoadedConfig } from './runtime/config.ts'
import { configSchema } from './runtime/config-schema.ts'
import { createLogger } from './runtime/logger.ts'
import { trustCertificates } from './runtime/trust.ts'
import type { Workspace } from './workspace.ts'

export interface DemoPorts {
  readonly ldapPort: number
  readonly ldapsPort: number
  readonly adminPort: number
}

const baseDn = 'dc=example,dc=com'
const person = 'zoe.lindqvist'

/** `rosterd demo`: simulated tenants and a server on loopback, in a folder that is gone afterwards. */
export async function runDemo(ports: DemoPorts, signal: AbortSignal): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-demo-'))
  try {
    await using tenants = await startSimulatedTenants()
    trustCertificates(tenants.caPem)
    const binderPassword = randomBytes(9).toString('base64url')
    const personPassword = randomBytes(9).toString('base64url')
    process.stdout.write(
      `Starting Rosterd with two simulated tenants: Entra ID at ${tenants.entra.authorityHost}, Okta at ${tenants.okta.orgUrl}\n`,
    )
    await using server = await startServer({
      loaded: demoConfig(tenants, ports, dataDir, binderPassword),
      env: process.env,
      clock: systemClock,
      // A port that is taken is the one thing that goes wrong here, and its error says so.
      logger: createLogger({ level: 'error', format: 'pretty' }),
      writeAccessLog: () => undefined,
      signal,
    })
    const { workspace } = server
    const reports = await workspace.engine
      .run('contoso', { trigger: 'demo', signal })
      .then(async (entra) => [entra, await workspace.engine.run('acme', { trigger: 'demo', signal })])
    for (const { provider, outcome, error } of reports)
      if (error !== null) throw new Error(`the sync of ${provider} ${outcome}: ${error}`)
    await setPassword(workspace, personPassword)
    const caFile = join(dataDir, 'ca.pem')
    await writeFile(caFile, server.caPem ?? '')
    process.stdout.write(instructions({ workspace, ports: server.ports, binderPassword, personPassword, caFile }))
    await server.stopped
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

function demoConfig(
  { entra, okta }: SimulatedTenants,
  ports: DemoPorts,
  dataDir: string,
  binderPassword: string,
): LoadedConfig {
  const config = configSchema.parse({
    baseDn,
    organization: 'Example',
    dataDir,
    ldap: { port: ports.ldapPort, tls: { port: ports.ldapsPort } },
    admin: { port: ports.adminPort },
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
      },
      { id: 'acme', type: 'okta', name: 'Acme (simulated)', orgUrl: okta.orgUrl, apiToken: okta.apiToken },
    ],
    binders: [{ name: 'svc-reader', password: binderPassword }],
  })
  return { config, path: join(dataDir, 'ldap.config.json'), baseDir: dataDir }
}

/** A directory password, as the person would set it after signing in to the cloud. */
async function setPassword({ directory, config }: Workspace, password: string): Promise<void> {
  const entry = directory.entryByDn(`uid=${person},ou=people,${baseDn}`)
  if (!entry) throw new Error(`${person} was not synced`)
  await using bcrypt = createBcryptPool(1)
  const hash = await bcrypt.hash(password, config.passwords.bcryptCost)
  await directory.commit({
    cause: { kind: 'server', id: 'demo' },
    entries: [],
    records: [directoryPassword(entry.entryUUID, hash)],
  })
}

function instructions(facts: {
  workspace: Workspace
  ports: { ldap: number; ldaps: number | undefined; admin: number }
  binderPassword: string
  personPassword: string
  caFile: string
}): string {
  const { workspace, ports, binderPassword, personPassword, caFile } = facts
  const binderDn = `cn=svc-reader,ou=services,${baseDn}`
  const personDn = `uid=${person},ou=people,${baseDn}`
  const entries = [...workspace.directory.entries()]
  const count = (name: string) =>
    entries.filter(({ attributes }) => attributes.get('objectClass')?.includes(name)).length
  return `
Rosterd is ready: ${count('posixAccount')} people and ${count('groupOfNames')} groups, synced over HTTPS.

  ldap://localhost:${ports.ldap}   ldaps://localhost:${ports.ldaps}   http://localhost:${ports.admin}

  binder    ${binderDn}
  password  ${binderPassword}
  person    ${personDn}
  password  ${personPassword}

Try:

  ldapsearch -x -LLL -H ldap://localhost:${ports.ldap} -D ${binderDn} -w ${binderPassword} -b ${baseDn} '(uid=${person})'
  ldapwhoami -x -H ldap://localhost:${ports.ldap} -D ${personDn} -w ${personPassword}
  LDAPTLS_CACERT=${caFile} ldapsearch -x -LLL -H ldaps://localhost:${ports.ldaps} -D ${binderDn} -w ${binderPassword} -b ${baseDn} '(memberUid=${person})' cn gidNumber

Press Ctrl+C to stop.
`
}
