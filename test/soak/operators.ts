import { join } from 'node:path'
import { expect } from 'vitest'
import type { Fault } from '../../demo/https/faults.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { apiCaller } from '../builders/api-caller.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { suffix } from '../builders/running-ldap-server.ts'
import { changeAgain, entraUserId, oktaUserId } from '../sync/small-tenants.ts'
import { again, bindAsReader, type Load } from './ldap-clients.ts'
import { configuredBinder, leisure, type Site, until } from './site.ts'

/** What people and programs do to the server beside LDAP. */
export const operators: readonly Load[] = [
  again(syncsChanges, 100 * leisure),
  again(reloads, 10_000),
  again((site) => site.replaceCertificate(), 3000),
  again(looksAtPages, 200 * leisure),
  callsTheApi,
  again(backsUp, 2000 * leisure),
]

/** A repeat gets over these. */
const passing: readonly Fault[] = [
  { kind: 'throttled', retryAfter: 1 },
  { kind: 'server-error', status: 503 },
  { kind: 'html', status: 502 },
  { kind: 'reset' },
  { kind: 'reset-in-body' },
  { kind: 'truncated-json' },
  { kind: 'slow-body', delayMs: 300 },
]
/** No repeat gets over this: the run fails, and the directory stays as it is. */
const lasting: Fault = { kind: 'forbidden', times: Number.POSITIVE_INFINITY }

async function syncsChanges(site: Site): Promise<void> {
  const { tenants, random, counts, count, server } = site
  const { entra, okta } = tenants
  const round = counts['syncs'] ?? 0
  const services = [entra.tenant, okta.tenant]
  const sync = async () => {
    const reports = await fullOrNot(site, round % 7 === 0)
    for (const { faults } of services) faults.clear()
    return reports.map(({ outcome }) => outcome)
  }

  const isHere = round % 2 === 1
  changeAgain(tenants, round)
  entra.tenant.directory.updateUser(entraUserId(5), { accountEnabled: isHere })
  okta.tenant.directory.setStatus(oktaUserId(5), isHere ? 'ACTIVE' : 'SUSPENDED')
  if (round % 10 === 9) {
    for (const { faults } of services) faults.add(lasting)
    expect(await sync()).toEqual(['failed', 'failed'])
    count('failed syncs')
  }
  if (round % 2 === 1) random.pick(services).faults.add({ ...random.pick(passing), at: 1 + random.below(4) })
  expect(await sync()).not.toContain('failed')

  await using client = await RawLdapClient.connect(server.ports.ldap)
  await bindAsReader(client)
  const titlesOf = async (uid: string) =>
    (await client.search({ filter: `(uid=${uid})` })).entries.map(({ attributes }) => attributes.get('title'))
  const number = 1 + (round % 4)
  for (const uid of [`person${number}`, `worker${number}`])
    expect([uid, await titlesOf(uid)]).toEqual([uid, [[`Title ${round}`]]])
  for (const uid of ['person5', 'worker5']) expect([uid, (await titlesOf(uid)).length]).toEqual([uid, isHere ? 1 : 0])
  count('syncs')
}

interface Report {
  readonly outcome: string
}

/** A reload that changes what syncs work with ends those under way, and lets none begin meanwhile; both is said. */
async function fullOrNot({ command, count }: Site, full: boolean): Promise<readonly Report[]> {
  for (;;) {
    try {
      const reports = (await command('sync', { full, dryRun: false })) as readonly Report[]
      if (reports.every(({ outcome }) => outcome !== 'cancelled')) return reports
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('Try again in a moment'))) throw error
    }
    count('syncs put off')
  }
}

const printer = { name: 'printer', password: 'printer-Secret-22' }

/** The file has a binder more, or one less; it can bind then, or not any more. */
async function reloads({ counts, count, folder, server }: Site): Promise<void> {
  const isThere = (counts['reloads'] ?? 0) % 2 === 0
  await folder.configure({ binders: isThere ? [configuredBinder, printer] : [configuredBinder] })
  process.kill(server.pid, 'SIGHUP')
  const expected = isThere ? ResultCode.success : ResultCode.invalidCredentials
  await until(async () => {
    await using client = await RawLdapClient.connect(server.ports.ldap)
    return (await client.bind(`cn=${printer.name},ou=services,${suffix}`, printer.password)).resultCode === expected
  })
  count('reloads')
}

const pages = ['/admin', '/admin/users', '/admin/users?search=worker', '/admin/binders', '/admin/logs', '/admin/admins']

/** Somebody signs in, looks around, and signs out. */
async function looksAtPages({ administrator, count }: Site): Promise<void> {
  const visitor = await administrator()
  for (const page of pages) {
    const answer = await visitor.get(page)
    expect([page, answer.status, await answer.text()]).toEqual([page, 200, expect.stringContaining('</html>')])
    count('pages')
  }
  expect((await visitor.post('/admin/sign-out')).status).toBe(303)
}

async function callsTheApi(site: Site, isOver: () => boolean): Promise<void> {
  const visitor = await site.administrator()
  const made = await visitor.post('/admin/tokens', { name: 'soak', role: 'owner', lifetime: '30' })
  const [, token = ''] = /<code class="secret">([^<]+)</.exec(await made.text()) ?? []
  const origin = `http://127.0.0.1:${site.server.ports.admin}`
  const call = await apiCaller(origin, () => token)
  const round = async () => {
    for (const path of ['/status', '/users?pageSize=100&page=2', '/groups', '/sync', '/runs', '/logs/ldap']) {
      expect([path, (await call('GET', path)).status]).toEqual([path, 200])
      site.count('API calls')
    }
    expect((await fetch(`${origin}/metrics`)).status).toBe(200)
    expect((await call('POST', '/binders', { body: { name: 'scanner' } })).status).toBe(200)
    expect((await call('DELETE', '/binders/scanner')).status).toBe(204)
  }
  await again(round, 200 * leisure)(site, isOver)
}

async function backsUp({ command, count, folder }: Site): Promise<void> {
  const made = await command('backup', { file: join(folder.path, 'store.backup'), replace: true })
  expect(made).toMatchObject({ bytes: expect.any(Number) as number })
  count('backups')
}
