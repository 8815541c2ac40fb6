import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startServer } from '../../server/main.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { createLogger } from '../../server/runtime/logger.ts'
import { adminPassword, tokenOf, visitorOf } from '../builders/administered-server.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { peopleLdif, reader } from '../builders/running-ldap-server.ts'
import { manualClock } from './fake-clock.ts'

test('the overview of a whole server has the binds of its LDAP thread and the end of its certificate', async () => {
  await using parts = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-overview-'))
  parts.defer(() => rm(dataDir, { recursive: true }))
  await writeFile(join(dataDir, 'people.ldif'), peopleLdif)
  const clock = manualClock(new Date().toISOString())
  const server = parts.use(
    await startServer({
      loaded: {
        config: configSchema.parse({
          baseDn: 'dc=example,dc=com',
          dataDir,
          ldap: { port: 0, tls: { port: 0 } },
          admin: { port: 0 },
          providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }],
          binders: [{ name: reader.name, password: reader.password }],
        }),
        path: join(dataDir, 'ldap.config.json'),
        baseDir: dataDir,
      },
      env: {},
      clock,
      logger: createLogger({ level: 'error', format: 'json', write: () => undefined }),
      accessLogSink: { write: () => undefined, writableLength: 0 },
    }),
  )
  const origin = `http://127.0.0.1:${server.ports.admin}`
  for (let n = 0; n < 10; n++) {
    await using client = await RawLdapClient.connect(server.ports.ldap)
    await client.bind(reader.dn, n === 0 ? 'wrong' : reader.password)
  }
  await clock.pass(5 * 60_000)
  // The thread answers in order: what was asked before this has been answered.
  const metrics = await (await fetch(`${origin}/metrics`)).text()
  for (const line of ['rosterd_ready 1', 'rosterd_sync_held_changes{provider="seed"} 0', 'rosterd_config_problems 0'])
    expect(metrics.split('\n')).toContain(line)
  expect(metrics).toMatch(/^rosterd_sync_last_success_timestamp_seconds\{provider="seed"\} \d+/m)
  expect(metrics).toMatch(/^rosterd_certificate_expires_timestamp_seconds \d{10}/m)

  const { administrators } = server.workspace
  const { url } = await administrators.create('ada', 'owner', { name: 'root', address: null })
  await administrators.credentials.useLink(tokenOf(url), { name: 'ada', password: adminPassword }, '127.0.0.1')
  const ada = visitorOf(origin)
  await ada.post('/admin/sign-in', { name: 'ada', password: adminPassword })
  const page = await (await ada.get('/admin')).text()
  const rates = [...page.matchAll(/<tr><th scope="row">[^<]+<\/th><td class="number">([^<]+)<\/td><\/tr>/g)]
  expect(rates.map(([, rate]) => rate).slice(-2)).toEqual(['1.8', '0.2'])
  expect(page).toContain('a new one is made in time')
})
