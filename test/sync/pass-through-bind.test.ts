import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type RunningServer, startServer } from '../../server/main.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { systemClock } from '../../server/runtime/clock.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { createLogger } from '../../server/runtime/logger.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { entraUserId, fillSmallTenants } from './small-tenants.ts'
import { entraSettings, startTrustedTenants } from './sync-fixture.ts'

/*
 * Binds of people whose password the cloud checks, from the socket to the tenant and back.
 */

interface Opened extends AsyncDisposable {
  readonly tenants: SimulatedTenants
  readonly server: RunningServer
  readonly bind: (n: number, password: string) => Promise<number>
  /** Of the access log, oldest first. */
  readonly lines: () => readonly AccessLine[]
  readonly reasons: () => readonly string[]
}

interface AccessLine {
  readonly operation: string
  readonly reason?: string
  readonly requestId?: string
}

async function open(passwords: object): Promise<Opened> {
  await using parts = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-pass-'))
  parts.defer(() => rm(dataDir, { recursive: true }))
  const tenants = parts.use(await startTrustedTenants({ data: 'empty' }))
  fillSmallTenants(tenants)
  for (let n = 1; n <= 5; n++) setPassword(tenants, n, `right ${n}`)
  const lines: string[] = []
  const server = parts.use(
    await startServer({
      loaded: {
        config: configSchema.parse({
          baseDn: 'dc=example,dc=com',
          dataDir,
          ldap: { port: 0, tls: { port: 0 } },
          admin: { port: 0 },
          providers: [entraSettings(tenants, { passThroughBind: true })],
          passwords,
        }),
        path: join(dataDir, 'ldap.config.json'),
        baseDir: dataDir,
      },
      env: {},
      clock: systemClock,
      logger: createLogger({ level: 'error', format: 'json', write: () => undefined }),
      accessLogSink: { write: (octets) => lines.push(Buffer.from(octets).toString()), writableLength: 0 },
    }),
  )
  await server.workspace.engine.run('contoso', { trigger: 'test' })
  const owned = parts.move()
  const accessLines = () =>
    lines
      .join('')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : (JSON.parse(line) as AccessLine)))
  return {
    tenants,
    server,
    async bind(n, password) {
      await using client = await RawLdapClient.connect(server.ports.ldap)
      const { resultCode } = await client.bind(`person${n}@contoso.example`, password)
      await server.workspace.passThrough.idle()
      return resultCode
    },
    lines: accessLines,
    reasons: () => accessLines().flatMap(({ reason }) => reason ?? []),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function setPassword({ entra }: SimulatedTenants, n: number, password: string): void {
  entra.tenant.directory.credentials(entraUserId(n)).password = password
  // An hour ago for the first one: what the cloud said after it is about this password.
  const changed = new Date(Date.now() - (password.startsWith('right') ? 3_600_000 : 0)).toISOString()
  entra.tenant.directory.updateUser(entraUserId(n), { lastPasswordChangeDateTime: changed })
}

const { success, invalidCredentials, unavailable } = ResultCode

test('a right password is success, a wrong one and a demanded factor are not, and the cloud failing is neither', async () => {
  await using opened = await open({})
  const { tenants, bind } = opened
  tenants.entra.tenant.directory.credentials(entraUserId(3)).signIn = 'mfa'
  expect(await bind(1, 'right 1')).toBe(success)
  expect(await bind(2, 'right 1')).toBe(invalidCredentials)
  expect(await bind(3, 'right 3')).toBe(invalidCredentials)
  expect(await bind(2, 'right 1')).toBe(invalidCredentials)
  tenants.entra.tenant.faults.add({ kind: 'throttled', path: '/token', times: Number.POSITIVE_INFINITY })
  expect(await bind(4, 'right 4')).toBe(unavailable)
  expect(await bind(5, 'wrong')).toBe(unavailable)
  const metrics = await (await fetch(`http://127.0.0.1:${opened.server.ports.admin}/metrics`)).text()
  const counts = metrics.match(/rosterd_password_checks_total\{.*/g) ?? []
  expect(counts.sort()).toEqual(
    ['refused"} 1', 'right"} 1', 'spared"} 1', 'unavailable"} 2', 'wrong"} 1'].map(
      (end) => `rosterd_password_checks_total{provider="contoso",outcome="${end}`,
    ),
  )
})

test('in an outage only what the cloud found right before lets in', async () => {
  await using opened = await open({ cachedPassThroughHours: 24, recentBindMinutes: 0, bcryptCost: 8 })
  const { tenants, bind } = opened
  expect(await bind(1, 'right 1')).toBe(success)
  expect(await bind(2, 'wrong')).toBe(invalidCredentials)
  tenants.entra.tenant.faults.add({ kind: 'reset', path: '/token', times: Number.POSITIVE_INFINITY })
  expect(await bind(1, 'right 1')).toBe(success)
  expect(await bind(1, 'wrong')).toBe(unavailable)
  expect(await bind(2, 'wrong')).not.toBe(success)
  expect(await bind(2, 'right 2')).toBe(unavailable)
})

test('a changed password ends at the next run, in the cloud and here', async () => {
  await using opened = await open({ cachedPassThroughHours: 24, bcryptCost: 8 })
  const { tenants, bind, server } = opened
  expect(await bind(1, 'right 1')).toBe(success)
  expect(await bind(1, 'right 1')).toBe(success)
  setPassword(tenants, 1, 'another 1')
  await server.workspace.engine.run('contoso', { trigger: 'test' })
  expect(await bind(1, 'right 1')).toBe(invalidCredentials)
  expect(await bind(1, 'another 1')).toBe(success)
  tenants.entra.tenant.faults.add({ kind: 'reset', path: '/token', times: Number.POSITIVE_INFINITY })
  expect(await bind(1, 'right 1')).not.toBe(success)
})

test('the log has the reason that the client is not told', async () => {
  await using opened = await open({})
  const { tenants, bind } = opened
  tenants.entra.tenant.directory.credentials(entraUserId(1)).signIn = 'conditional-access'
  await bind(1, 'right 1')
  await bind(2, 'wrong')
  await opened[Symbol.asyncDispose]()
  expect(opened.reasons()).toEqual([
    'contoso: a Conditional Access policy blocks the sign-in (AADSTS53003)',
    'contoso: wrong password, or the domain is federated without password-hash sync (AADSTS50126)',
  ])
})

test('a bind has one id in the access log and at the cloud', async () => {
  await using opened = await open({})
  const { calls } = opened.tenants.entra.tenant
  calls.length = 0
  expect(await opened.bind(1, 'not hers')).toBe(invalidCredentials)
  await opened.server[Symbol.asyncDispose]() // the log is written
  const bound = opened.lines().filter(({ operation }) => operation === 'bind')
  const [line] = bound.filter(({ reason }) => reason?.includes('AADSTS50126'))
  expect(line?.requestId).toMatch(/^[0-9a-f-]{36}$/)
  expect(calls.filter(({ path }) => path.includes('/token')).map(({ requestId }) => requestId)).toEqual([
    line?.requestId,
  ])
})
