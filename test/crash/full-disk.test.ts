import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { adminPassword, type Visitor, visitorOf } from '../builders/administered-server.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, suffix } from '../builders/running-ldap-server.ts'
import { smallDisk } from '../builders/small-disk.ts'
import { fillSmallTenants, oktaUserId, unlimited } from '../sync/small-tenants.ts'
import { oktaSettings, startTrustedTenants } from '../sync/sync-fixture.ts'

const password = 'quiet otter paints seven violins'
const other = 'eleven glaciers hum at midnight'
const long = process.env['ROSTERD_LONG'] !== undefined

test('a server whose disk is full goes on, says so to whoever wants a change, and needs no restart once there is room', async () => {
  const tenants = await startTrustedTenants({ data: 'empty' })
  try {
    fillSmallTenants(tenants)
    unlimited(tenants)
    await using folder = await folderOfWorkers(tenants)
    const disk = smallDisk()
    const database = join(folder.path, 'data', 'db')
    await mkdir(database, { recursive: true })
    await using server = await folder.serve(disk.within(database))
    expect(await setPassword(folder, 'worker1', password)).toMatchObject({ exitCode: 0 })
    const admin = await firstAdmin(folder, server)
    const before = await answers(server)
    expect(await get(server, '/readyz')).toContain('"warnings":[]')

    await disk.fill(server.pid, database)
    const refusal = `The store in "${database}" cannot be written (${disk.cause}). LDAP and reading go on; `
    tenants.okta.tenant.directory.updateProfile(oktaUserId(2), { title: 'Engineer' })
    const failed = await folder.run('sync', '--json')
    expect([failed.exitCode, failed.stdout]).toEqual([1, expect.stringContaining(JSON.stringify(refusal).slice(1, -1))])
    expect(await setPassword(folder, 'worker1', other)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(refusal),
    })
    expect(await get(server, '/readyz')).toContain(
      '"status":"ready","reasons":[],"warnings":["the store takes no changes',
    )
    expect(await get(server, '/metrics')).toMatch(/^rosterd_store_refuses_writes 1$/m)
    expect(await bindCodes(server, password, other)).toEqual([0, 49])
    expect(await answers(server)).toEqual(before)
    expect(await folder.run('explain', 'worker2')).toMatchObject({ exitCode: 0 })
    // What pages say is escaped for HTML.
    const shown = `cannot be written (${disk.cause})`
    expect(await (await admin.get('/admin')).text()).toContain(shown)
    const form = { present: adminPassword, password: other, again: other }
    const refused = await admin.post('/admin/account/password', form)
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining(shown)])
    const stranger = await visitorOf(originOf(server)).post('/admin/sign-in', { name: 'ada', password: adminPassword })
    const toStranger = await stranger.text()
    expect([stranger.status, toStranger]).toEqual([503, expect.stringContaining('cannot keep changes at present')])
    expect(toStranger).not.toContain(database)

    // To another disk; where it is files that are limited, there is none.
    const beside = await folder.run('backup', join(folder.path, 'beside.backup'))
    if (disk.kind === 'memory') expect(beside).toMatchObject({ exitCode: 0, stderr: '' })

    await disk.makeRoom(server.pid, database)
    expect(await setPassword(folder, 'worker1', other)).toMatchObject({ exitCode: 0 })
    expect(await folder.run('sync')).toMatchObject({ exitCode: 0 })
    expect(await bindCodes(server, password, other)).toEqual([49, 0])
    const changed = JSON.stringify(await answers(server))
    expect(changed).toContain('Engineer')
    expect(await get(server, '/readyz')).toContain('"warnings":[]')
    expect(await get(server, '/metrics')).toMatch(/^rosterd_store_refuses_writes 0$/m)

    // What is on that disk is whole, and all of it is there.
    const file = join(folder.path, 'after.backup')
    expect(await folder.run('backup', file)).toMatchObject({ exitCode: 0 })
    await using there = await folderOfWorkers(tenants)
    expect(await there.run('restore', file)).toMatchObject({ exitCode: 0, stderr: '' })
    await using restored = await there.serve()
    expect(JSON.stringify(await answers(restored))).toBe(changed)
    expect(await bindCodes(restored, password, other)).toEqual([49, 0])
  } finally {
    await tenants.close()
  }
})

// Generations are applied to a store whose disk has room for some more octets, at every step of which it may be full.
test.each([400, 3000, 1_000_000])(
  'a store on a disk that is full again and again loses nothing (chunks of %d)',
  async (chunkBytes) => {
    const seed = Number(process.env['ROSTERD_SEED'] ?? Date.now() % 1_000_000)
    const path = await mkdtemp(join(tmpdir(), 'rosterd-full-'))
    try {
      const disk = smallDisk()
      const script = [process.execPath, join(import.meta.dirname, 'full-disk-child.ts'), join(path, 'store')]
      const how = [String(seed), String(chunkBytes), long ? '500' : '8', disk.kind]
      const [program = '', ...args] = [...disk.within(path), ...script, ...how]
      const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
      expect({ seed, status, stderr }).toEqual({ seed, status: 0, stderr: '' })
    } finally {
      await rm(path, { recursive: true })
    }
  },
)

async function folderOfWorkers(tenants: SimulatedTenants): Promise<ConfiguredFolder> {
  const folder = await configuredFolder({
    caFile: 'ca.pem',
    providers: [oktaSettings(tenants)],
    passwords: { bcryptCost: 8, recentBindMinutes: 0 },
  })
  await writeFile(join(folder.path, 'ca.pem'), tenants.caPem)
  return folder
}

async function firstAdmin(folder: ConfiguredFolder, server: ServingProcess): Promise<Visitor> {
  await server.printed('nobody administers this server yet')
  const { pathname } = new URL((await readFile(join(folder.path, 'data', 'setup-link'), 'utf8')).trim())
  const admin = visitorOf(originOf(server))
  const answer = await admin.post(pathname, { name: 'ada', password: adminPassword, again: adminPassword })
  expect(answer.status).toBe(303)
  return admin
}

function setPassword(folder: ConfiguredFolder, name: string, secret: string) {
  return folder.runWithInput(`${secret}\n`, 'user', 'set-password', name)
}

async function bindCodes({ ports }: ServingProcess, ...secrets: readonly string[]): Promise<readonly number[]> {
  await using client = await RawLdapClient.connect(ports.ldap)
  const codes: number[] = []
  for (const secret of secrets) codes.push((await client.bind(`uid=worker1,ou=people,${suffix}`, secret)).resultCode)
  return codes
}

/** What LDAP says of everybody. */
async function answers({ ports }: ServingProcess): Promise<readonly unknown[]> {
  await using client = await RawLdapClient.connect(ports.ldap)
  await client.bind(reader.dn, reader.password)
  const { resultCode, entries } = await client.search({ filter: '(objectClass=*)', attributes: ['*', '+'] })
  expect(resultCode).toBe(0)
  return entries.map(({ dn, attributes }) => [dn, ...attributes] as const).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const originOf = ({ ports }: ServingProcess) => `http://127.0.0.1:${ports.admin}`

async function get(server: ServingProcess, path: string): Promise<string> {
  return await (await fetch(originOf(server) + path)).text()
}
