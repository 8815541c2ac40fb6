/**
 * A tenant of many people in a process of its own: `node sync-tenant.ts PEOPLE GROUPS MEMBERSHIPS LARGEST
 * ANSWER_MS`. Prints one line of
 * JSON, {@link BenchTenant}, when it listens; a line on stdin that names a number changes the next so many people. Ends with stdin.
 */
import { createInterface } from 'node:readline'
import { startSimulatedTenants } from '../../demo/simulated-tenants.ts'

export interface BenchTenant {
  /** A provider of the configuration. */
  readonly provider: object
  readonly caPem: string
}

const [people = 0, groups = 0, memberships = 0, largest = 0, answerMs = 0] = process.argv.slice(2).map(Number)
const tenants = await startSimulatedTenants({ data: 'empty' })
const { entra } = tenants
const { directory } = entra.tenant
const id = (kind: string, n: number) => `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`

for (let n = 0; n < people; n++) {
  const upn = `person${n}@contoso.example`
  directory.addUser({
    id: id('a', n),
    userPrincipalName: upn,
    mail: upn,
    displayName: `Person Number ${n}`,
    givenName: 'Person',
    surname: `Number ${n}`,
    jobTitle: `Engineer ${n % 50}`,
    department: `Department ${n % 200}`,
    employeeId: String(n),
    proxyAddresses: [`SMTP:${upn}`, `smtp:p${n}@contoso.example`],
  })
}
/** One large group, the rest alike. */
const usual = groups > 1 ? Math.floor((memberships - largest) / (groups - 1)) : 0
for (let n = 0; n < groups; n++) {
  const size = Math.min(people, n === 0 ? largest : usual)
  const members = Array.from({ length: size }, (_, index) => id('a', (n * 7919 + index) % people))
  directory.addGroup(
    { id: id('b', n), displayName: `Team ${n}`, mail: `team${n}@contoso.example`, mailEnabled: true },
    members,
  )
}

// As far away as a cloud: the second half of every answer comes so much later.
if (answerMs > 0) entra.tenant.faults.add({ kind: 'slow-body', delayMs: answerMs, times: Number.POSITIVE_INFINITY })
const { authorityHost, graphUrl, scope, tenantId, clientId, clientSecret } = entra
const tenant: BenchTenant = {
  provider: {
    id: 'contoso',
    type: 'entra',
    name: 'Contoso',
    tenantId,
    clientId,
    credentials: [{ kind: 'application', clientSecret }],
    authorityHost,
    graphUrl: `${graphUrl}/v1.0`,
    scope,
    schedule: { incrementalMinutes: 10_000, fullHours: 10_000 },
  },
  caPem: tenants.caPem,
}
process.stdout.write(`${JSON.stringify(tenant)}\n`)
let next = 0
for await (const line of createInterface({ input: process.stdin })) {
  for (let n = 0; n < Number(line); n++)
    directory.updateUser(id('a', next++ % people), { jobTitle: `Changed ${Date.now()}` })
  process.stdout.write('changed\n')
}
await tenants.close()
