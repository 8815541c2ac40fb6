import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { makeServerCertificate } from '../../demo/https/certificate.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { runOverControlSocket } from '../../server/control/control-client.ts'
import { adminPassword, type Visitor, visitorOf } from '../builders/administered-server.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, suffix } from '../builders/running-ldap-server.ts'
import type { Random } from '../fuzz/random.ts'
import { fillSmallTenants, unlimited } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../sync/sync-fixture.ts'

/** Pauses are so many times as long: in seconds everything has to happen, hours leave the machine room for other work. */
export const leisure = process.env['ROSTERD_LONG'] === '1' ? 4 : 1

/** People of the tenants who come and go: every enumeration may find them or not. */
const comers = new Set(['person5', 'worker5'])

/** A server at work over two simulated tenants of 300 people, and what is known of it. */
export interface Site extends AsyncDisposable {
  readonly tenants: SimulatedTenants
  readonly folder: ConfiguredFolder
  readonly server: ServingProcess
  readonly random: Random
  /** What was done and answered as it should be. */
  readonly counts: Record<string, number>
  /** Numbers of the people who stay, by DN. */
  readonly people: ReadonlyMap<string, string>
  /** What worker2 signs in with. */
  readonly password: string
  readonly count: (what: string) => void
  /** A command in the server, as `rosterd` runs it. */
  readonly command: (name: string, input: object) => Promise<unknown>
  /** Another certificate from now on; connections with the one before go on. */
  readonly replaceCertificate: () => Promise<void>
  readonly connectTls: () => Promise<RawLdapClient>
  readonly startTls: (client: RawLdapClient) => Promise<void>
  readonly setPassword: (name: string) => Promise<string>
  readonly administrator: () => Promise<Visitor>
}

export const dnOf = (name: string) => `uid=${name},ou=people,${suffix}`
export const isComer = (dn: string) => [...comers].some((name) => dn === dnOf(name))
export const configuredBinder = { name: reader.name, password: reader.password }

const collectGarbage = new URL('collect-garbage.mjs', import.meta.url)

let passwords = 0
/** One that nobody had. */
export const newPassword = () => `seven quiet lanterns ${passwords++} paint the harbour`

export async function openSite(random: Random): Promise<Site> {
  await using opened = new AsyncDisposableStack()
  const tenants = opened.use(await startTrustedTenants({ pageSize: 50 }))
  fillSmallTenants(tenants)
  unlimited(tenants)
  const folder = opened.use(
    await configuredFolder({
      providers: [entraSettings(tenants), oktaSettings(tenants)],
      caFile: 'tenants.pem',
      ldap: { port: 0, tls: { port: 0, certFile: 'ldap.pem', keyFile: 'ldap.pem' }, passwordModify: true },
      passwords: { bcryptCost: 8 },
      binders: [configuredBinder],
    }),
  )
  await writeFile(join(folder.path, 'tenants.pem'), tenants.caPem)
  /** Of the certificate in use, and of the one before. */
  let authorities: string[] = []
  async function writeCertificate(): Promise<string> {
    const { caPem, certificatePem, keyPem } = await makeServerCertificate()
    authorities = [caPem, ...authorities].slice(0, 2)
    // Both in one file: nobody reads a certificate with the key of another.
    await writeFile(join(folder.path, 'next.pem'), `${certificatePem}\n${keyPem}`)
    await rename(join(folder.path, 'next.pem'), join(folder.path, 'ldap.pem'))
    return caPem
  }
  await writeCertificate()
  const server = opened.use(await folder.serve(['env', `NODE_OPTIONS=--expose-gc --import=${collectGarbage.href}`]))
  const trusting = (ca: string | string[]) => ({ ca, servername: 'localhost' })
  const counts: Record<string, number> = {}
  const count = (what: string) => void (counts[what] = (counts[what] ?? 0) + 1)
  const command = (name: string, input: object) =>
    runOverControlSocket(join(folder.path, 'data', 'control.sock'), name, input, () => undefined)

  await server.printed('nobody administers this server yet')
  const { pathname } = new URL((await readFile(join(folder.path, 'data', 'setup-link'), 'utf8')).trim())
  const origin = `http://127.0.0.1:${server.ports.admin}`
  const form = { name: 'ada', password: adminPassword, again: adminPassword }
  expect((await visitorOf(origin).post(pathname, form)).status).toBe(303)
  await command('sync', { full: true, dryRun: false })

  async function setPassword(user: string): Promise<string> {
    const password = newPassword()
    await command('user-set-password', { user, by: 'soak', password, mustChange: false })
    return password
  }
  const password = await setPassword('worker2')

  const stack = opened.move()
  return {
    tenants,
    folder,
    server,
    random,
    counts,
    count,
    command,
    people: await peopleOf(server),
    password,
    async replaceCertificate() {
      const ca = await writeCertificate()
      process.kill(server.pid, 'SIGHUP')
      await until(async () => {
        const client = await RawLdapClient.connectTls(server.ports.ldaps, trusting(ca)).catch(() => undefined)
        await client?.[Symbol.asyncDispose]()
        return client !== undefined
      })
      count('certificates')
    },
    connectTls: () => RawLdapClient.connectTls(server.ports.ldaps, trusting(authorities)),
    startTls: (client) => client.startTls(trusting(authorities)),
    setPassword,
    async administrator() {
      const visitor = visitorOf(origin)
      expect((await visitor.post('/admin/sign-in', { name: 'ada', password: adminPassword })).status).toBe(303)
      return visitor
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function peopleOf({ ports }: ServingProcess): Promise<ReadonlyMap<string, string>> {
  await using client = await RawLdapClient.connect(ports.ldap)
  await client.bind(reader.dn, reader.password)
  const { entries } = await client.search({ filter: '(objectClass=posixAccount)' })
  const staying = entries.filter(({ dn }) => !isComer(dn))
  return new Map(staying.map(({ dn, attributes }) => [dn, attributes.get('uidNumber')?.[0] ?? '']))
}

/** Asks again until it is so; the test's own time is the limit. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(20)
}
