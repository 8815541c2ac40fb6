import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createConfigReload } from '../../server/config-reload.ts'
import { loadConfig } from '../../server/runtime/config.ts'
import { configChanges, needsRestart } from '../../server/runtime/config-changes.ts'
import { type Config, configSchema } from '../../server/runtime/config-schema.ts'
import { manualClock } from '../sync/fake-clock.ts'

async function watched(config: object) {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-reload-'))
  const path = join(folder, 'ldap.config.json')
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  await write('secret', 'one')
  await write('ldap.config.json', JSON.stringify(config))
  const load = () => loadConfig({ path, env: {}, requireSecrets: true })
  const events: string[] = []
  const log = (_: object, event: string) => void events.push(event)
  const used: Config[] = []
  const forSync: boolean[] = []
  const next = Promise.withResolvers<void>()
  let told = next
  const clock = manualClock()
  const reload = await createConfigReload({
    loaded: await load(),
    load,
    async use(edited, isForSync) {
      used.push(edited)
      forSync.push(isForSync)
    },
    clock,
    logger: {
      info(fields: object, event: string) {
        log(fields, event)
        told.resolve()
      },
      warn: log,
      error(fields: object, event: string) {
        log(fields, event)
        told.resolve()
      },
    },
  })
  const stopping = new AbortController()
  const ended = reload.run(stopping.signal)
  onTestFinished(async () => {
    stopping.abort()
    await ended
    await rm(folder, { recursive: true })
  })
  /** Resolves when the file was read again. */
  const looked = async () => {
    told = Promise.withResolvers<void>()
    await clock.pass(10_000)
    await told.promise
  }
  return { write, looked, used, forSync, events, reload }
}

const withBinder = (file: string) => ({ binders: [{ name: 'reader', password: { file } }] })

test('a change of the file is taken over without anybody asking', async () => {
  const { write, looked, used } = await watched({})
  await write('ldap.config.json', JSON.stringify({ guard: { minRemoved: 7 } }))
  await looked()
  expect(used.map(({ guard }) => guard.minRemoved)).toEqual([7])
})

test('so is another secret in a file that the configuration names', async () => {
  const { write, looked, used } = await watched(withBinder('secret'))
  await write('secret', 'another')
  await looked()
  expect(used).toHaveLength(1)
})

test('a file that is refused is tried again, until what it names is there', async () => {
  const { write, looked, used, events, reload } = await watched({})
  await write('ldap.config.json', JSON.stringify(withBinder('new-secret')))
  await looked()
  expect([used.length, reload.last().problems]).toEqual([0, [expect.stringContaining('does not exist')]])
  expect((await reload.reload()).problems).toHaveLength(1)
  expect(events).toEqual(['configuration refused; the one before stays'])
  await write('new-secret', 'two')
  await looked()
  expect([used.length, reload.last().problems]).toEqual([1, []])
})

test('what needs a restart keeps its value, and is told until it has it again', () => {
  const before = configSchema.parse({ ldap: { port: 389, tls: { port: 636 } } })
  const after = configSchema.parse({
    ldap: { port: 3890, tls: { port: null, minVersion: 'TLSv1.3' } },
    admin: { tls: { certFile: 'a', keyFile: 'b' } },
    providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }],
  })
  const first = configChanges(after, before)
  expect(first).toMatchObject({
    changed: ['ldap.tls.minVersion', 'providers'],
    needsRestart: ['ldap.port', 'ldap.tls.port', 'admin.tls'],
    config: { ldap: { port: 389, tls: { port: 636, minVersion: 'TLSv1.3' } }, admin: { tls: null } },
  })
  expect(configChanges(after, first.config).needsRestart).toEqual(first.needsRestart)
  expect(configChanges(before, first.config).needsRestart).toEqual([])
})

test('runs are cut off only by what means something to them', async () => {
  const { write, reload, forSync } = await watched({})
  const settings = [
    { ldap: { bindByName: false }, log: { level: 'debug' }, retention: { bindLogDays: 2 } },
    { guard: { minRemoved: 7 } },
  ]
  for (const each of settings) {
    await write('ldap.config.json', JSON.stringify(each))
    await reload.reload()
  }
  expect(forSync).toEqual([false, true])
})

test('what is read once, as the server starts, needs a restart', async () => {
  const source = await readFile(new URL('../../server/main.ts', import.meta.url), 'utf8')
  const read = [...source.matchAll(/(?<![./\w])config\.(\w+(?:\.\w+)*)/g)].map(([, path = '']) => path)
  expect(read.length).toBeGreaterThan(5)
  expect(read.filter((path) => !needsRestart(path))).toEqual([])
})
