import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { runOverControlSocket } from '../../server/control/control-client.ts'
import { element } from '../../server/protocol/ber-writer.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { adminPassword, type Visitor, visitorOf } from '../builders/administered-server.ts'
import { extendedOperation } from '../builders/client-requests.ts'
import { type ConfiguredFolder, configuredFolder, rosterd, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, suffix } from '../builders/running-ldap-server.ts'
import { changeAgain, changeSmallTenants, fillSmallTenants, unlimited } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../sync/sync-fixture.ts'
import { randomFrom } from './scenario.ts'
import { entriesOf, remember, servedBy, truth } from './served-states.ts'

// A server of two tenants is killed again and again while clients search and bind, syncs run, passwords are set and
// changed, and an administrator makes binders; some of the kills fall into its start. After each: the store is whole, every
// provider's entries are those of one moment, never earlier than a sync that was acknowledged, nobody has other ids than
// before, and what was acknowledged is there: each password (one that was being set may be the one or the other), each
// binder, the administrator. A full sync then brings the truth.

const kills = Number(process.env['ROSTERD_STORM_KILLS'] ?? (process.env['ROSTERD_LONG'] ? 300 : 4))
const providers = ['contoso', 'acme'] as const
/** How many changes are acknowledged before a kill, at most, and how long it waits then. */
const mostChanges = 12
const mostMs = 100
/** Between two requests of a client: others have to get their turn on a small machine. */
const pauseMs = 10

test(`${kills} kills of a server at work lose nothing that was acknowledged`, { timeout: kills * 60_000 }, async () => {
  const seed = Number(process.env['ROSTERD_STORM_SEED'] ?? Date.now() % 1_000_000)
  const tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  const storm = await Storm.begin(tenants, seed)
  try {
    for (let kill = 0; kill < kills; kill++) await storm.round(kill)
    await storm.end()
  } catch (error) {
    throw new Error(`seed ${seed} (set ROSTERD_STORM_SEED to repeat)`, { cause: error })
  } finally {
    process.stdout.write(`storm: seed ${seed}, ${JSON.stringify(storm.counts)}\n`)
    await storm.folder[Symbol.asyncDispose]()
    await tenants.close()
  }
})

/** What somebody signs in with: what was acknowledged, and what may be instead. */
interface Password {
  readonly acknowledged: string
  readonly inFlight?: string
}

class Storm {
  readonly folder: ConfiguredFolder
  readonly counts = {
    kills: 0,
    atStart: 0,
    changes: 0,
    syncs: 0,
    passwords: 0,
    binders: 0,
    searches: 0,
    binds: 0,
    late: 0,
  }
  readonly #tenants: SimulatedTenants
  readonly #random: () => number
  readonly #ids = new Map<string, string>()
  /** Of each provider: as found last, then as after each change since. Anything else is a mixture. */
  readonly #states = new Map<string, unknown[]>()
  readonly #passwords = new Map<string, Password>()
  readonly #binders = new Set<string>()
  /** No password is used twice. */
  #number = 0

  private constructor(folder: ConfiguredFolder, tenants: SimulatedTenants, random: () => number) {
    this.folder = folder
    this.#tenants = tenants
    this.#random = random
  }

  static async begin(tenants: SimulatedTenants, seed: number): Promise<Storm> {
    fillSmallTenants(tenants)
    unlimited(tenants)
    changeSmallTenants(tenants)
    const folder = await configuredFolder({
      providers: [entraSettings(tenants), oktaSettings(tenants)],
      caFile: 'ca.pem',
      ldap: { port: 0, tls: { port: 0 }, passwordModify: true },
      passwords: { bcryptCost: 8, recentBindMinutes: 0 },
    })
    await writeFile(join(folder.path, 'ca.pem'), tenants.caPem)
    const storm = new Storm(folder, tenants, randomFrom(seed))
    {
      await using server = await folder.serve()
      await server.printed('nobody administers this server yet')
      const { pathname } = new URL((await readFile(join(folder.path, 'data', 'setup-link'), 'utf8')).trim())
      const form = { name: 'ada', password: adminPassword, again: adminPassword }
      expect((await visitorOf(originOf(server)).post(pathname, form)).status).toBe(303)
      await storm.#run('sync', { full: true, dryRun: false })
      for (const name of ['worker1', 'worker2', 'worker3']) await storm.#setPassword(name)
    }
    const served = await servedBy(folder)
    remember(storm.#ids, served)
    for (const provider of providers) storm.#states.set(provider, [entriesOf(served, provider)])
    return storm
  }

  async round(kill: number): Promise<void> {
    if (this.#random() < 0.25) await this.#killAtStart()
    {
      const server = await this.folder.serve()
      const admin = await this.#expectAcknowledged(server)
      await this.#sync()
      let isOver = false
      let failed: unknown
      const until = (work: () => Promise<void>) =>
        (async () => {
          while (!isOver) await work()
        })()
      const works = [
        until(() => this.#changeAndSync()),
        until(() => this.#setPassword('worker1')),
        until(() => this.#setPassword('worker2')),
        until(() => this.#changePassword(server, 'worker3')),
        until(() => this.#addBinder(admin, kill)),
        until(() => this.#search(server)),
        until(() => this.#bind(server)),
      ].map((work) =>
        work.catch((error: unknown) => {
          if (error instanceof Late) this.counts.late += 1
          else if (!isOver || !isOfDeath(error)) failed = error
        }),
      )
      await this.#until(this.#acknowledged() + Math.floor(this.#random() * mostChanges), () => failed !== undefined)
      await delay(this.#random() * mostMs)
      isOver = true
      await server.stop('SIGKILL')
      await Promise.all(works)
      const warnings = server.lines.filter((line) => /"level":"(warn|error)"/.test(line))
      if (failed !== undefined) throw new Error(`the server said: ${warnings.slice(-5).join('\n')}`, { cause: failed })
      expect(warnings.filter((line) => line.includes('could not be answered'))).toEqual([])
    }
    this.counts.kills += 1
    await this.#expectOneState()
  }

  #acknowledged(): number {
    return this.counts.syncs + this.counts.passwords + this.counts.binders
  }

  async #until(acknowledged: number, isPointless: () => boolean): Promise<void> {
    while (this.#acknowledged() < acknowledged && !isPointless()) await delay(pauseMs)
  }

  /** The server that is left alone. */
  async end(): Promise<void> {
    {
      await using server = await this.folder.serve()
      await this.#expectAcknowledged(server)
      await this.#sync()
    }
    await this.#expectOneState()
    const checked = await this.folder.run('check', '--offline')
    expect([checked.exitCode, checked.stdout]).toEqual([0, expect.stringContaining('store: rows: agree')])
  }

  async #killAtStart(): Promise<void> {
    const child = spawn(rosterd, ['--config', this.folder.configFile, 'serve'], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    await delay(this.#random() * 1500)
    child.kill('SIGKILL')
    await ended
    this.counts.atStart += 1
    await this.#expectOneState()
  }

  async #expectOneState(): Promise<void> {
    const served = await servedBy(this.folder)
    for (const [provider, states] of this.#states) {
      const is = JSON.stringify(entriesOf(served, provider))
      const place = states.findLastIndex((state) => JSON.stringify(state) === is)
      if (place === -1)
        expect({ provider, entries: entriesOf(served, provider) }).toEqual({ provider, entries: states })
      this.#states.set(provider, states.slice(place))
    }
    remember(this.#ids, served)
  }

  /** Gives an administrator who is signed in. */
  async #expectAcknowledged(server: ServingProcess): Promise<Visitor> {
    for (const [name, { acknowledged, inFlight }] of this.#passwords) {
      await using client = await connectTls(this.folder, server)
      const codeOf = async (password: string) => (await client.bind(dnOf(name), password)).resultCode
      const codes = [await codeOf(acknowledged), inFlight === undefined ? 49 : await codeOf(inFlight)]
      expect([name, codes.toSorted()]).toEqual([name, [0, 49]])
      this.#passwords.set(name, { acknowledged: codes[0] === 0 ? acknowledged : (inFlight ?? '') })
    }
    const binders = JSON.stringify(await this.#run('binder-list', {}))
    expect([...this.#binders].filter((name) => !binders.includes(`"${name}"`))).toEqual([])
    const admin = visitorOf(originOf(server))
    expect((await admin.post('/admin/sign-in', { name: 'ada', password: adminPassword })).status).toBe(303)
    return admin
  }

  async #sync(): Promise<void> {
    const last = [...this.#states].map(([provider, states]) => [provider, states.slice(-1)] as const)
    const reports = (await this.#run('sync', { full: true, dryRun: false })) as readonly { readonly outcome: string }[]
    expect(reports.map(({ outcome }) => outcome)).not.toContain('failed')
    for (const [provider, states] of last) this.#states.set(provider, states)
    this.counts.syncs += 1
  }

  /** Nothing is being read when the tenants change: one change is one state. */
  async #changeAndSync(): Promise<void> {
    changeAgain(this.#tenants, this.counts.changes++)
    const after = await truth(this.#tenants)
    for (const [provider, states] of this.#states) states.push(entriesOf(after, provider))
    await this.#sync()
  }

  async #setPassword(name: string): Promise<void> {
    await this.#changing(name, (password) =>
      this.#run('user-set-password', { user: name, by: 'storm', password, mustChange: false }),
    )
  }

  async #changePassword(server: ServingProcess, name: string): Promise<void> {
    await using client = await connectTls(this.folder, server)
    const { acknowledged } = this.#passwords.get(name) ?? { acknowledged: '' }
    expect((await client.bind(dnOf(name), acknowledged)).resultCode).toBe(0)
    await this.#changing(name, async (password) => {
      const parts = [element(0x81, Buffer.from(acknowledged)), element(0x82, Buffer.from(password))]
      const { resultCode } = await client.request(2, extendedOperation(Oid.passwordModify, element(0x30, ...parts)))
      if (resultCode === ResultCode.unavailable) throw new Late()
      expect(resultCode).toBe(0)
    })
  }

  async #changing(name: string, change: (password: string) => Promise<unknown>): Promise<void> {
    const password = `seven quiet lanterns ${this.#number++} paint the harbour`
    const { acknowledged } = this.#passwords.get(name) ?? { acknowledged: password }
    this.#passwords.set(name, { acknowledged, inFlight: password })
    await change(password)
    this.#passwords.set(name, { acknowledged: password })
    this.counts.passwords += 1
  }

  async #addBinder(admin: Visitor, kill: number): Promise<void> {
    const name = `binder-${kill}-${this.#number++}`
    const { status } = await admin.post('/admin/binders', { name })
    expect([200, 201, 303]).toContain(status)
    this.#binders.add(name)
    this.counts.binders += 1
  }

  async #search(server: ServingProcess): Promise<void> {
    await using client = await RawLdapClient.connect(server.ports.ldap)
    expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(0)
    for (;;) {
      const { resultCode, entries } = await client.search({ filter: '(objectClass=posixAccount)' })
      expect([resultCode, entries.length]).toEqual([0, 10])
      this.counts.searches += 1
      await delay(pauseMs)
    }
  }

  async #bind(server: ServingProcess): Promise<void> {
    await using client = await RawLdapClient.connect(server.ports.ldap)
    expect((await client.bind(dnOf('worker4'), 'none is set')).resultCode).toBe(49)
    this.counts.binds += 1
    await delay(pauseMs)
  }

  async #run(command: string, input: object): Promise<unknown> {
    return await runOverControlSocket(join(this.folder.path, 'data', 'control.sock'), command, input, () => undefined)
  }
}

/** The server was made to wait, as by a disk, for longer than a client has to: what was asked for may come about yet. */
class Late extends Error {}

const dnOf = (name: string) => `uid=${name},ou=people,${suffix}`
const originOf = ({ ports }: ServingProcess) => `http://127.0.0.1:${ports.admin}`

async function connectTls(folder: ConfiguredFolder, { ports }: ServingProcess): Promise<RawLdapClient> {
  const ca = await readFile(join(folder.path, 'data', 'tls', 'ca.pem'), 'utf8')
  return await RawLdapClient.connectTls(ports.ldaps, { ca, servername: 'localhost' })
}

/** A connection that ended with the server. What a check of this test found is no such thing. */
function isOfDeath(error: unknown): boolean {
  return error instanceof Error && error.name !== 'AssertionError'
}
