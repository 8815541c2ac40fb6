import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { type ConfiguredFolder, configuredFolder, rosterd, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader } from '../builders/running-ldap-server.ts'

let folder: ConfiguredFolder
let server: ServingProcess
/** Bound before anything is changed. */
let client: RawLdapClient
beforeAll(async () => {
  folder = await configuredFolder(
    { binders: [{ name: reader.name, password: { file: 'reader-secret' } }] },
    undefined,
    {
      'reader-secret': `${reader.password}\n`,
    },
  )
  server = await folder.serve()
  client = await RawLdapClient.connect(server.ports.ldap)
  expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(ResultCode.success)
})
afterAll(async () => {
  await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const mailOfAda = async () => (await client.search({ filter: '(uid=ada)' })).entries[0]?.attributes.get('mail')
const metric = async (name: string) => {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.admin}/metrics`)).text()
  return new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]
}
const readerWith = (settings: object) => ({
  name: reader.name,
  password: { file: 'reader-secret' },
  ...settings,
})

test('a bound connection stays open over a reload, and has the new rights', async () => {
  expect(await mailOfAda()).toBeDefined()
  await folder.configure({
    binders: [readerWith({ attributes: ['uid', 'cn'] }), { name: 'printer', password: 'printer-Secret-22' }],
    passwords: { recentBindMinutes: 0 },
    log: { level: 'debug', operations: 'all' },
  })
  const { exitCode, stdout } = await folder.run('reload')
  expect({ exitCode, stdout: stdout.split('\n') }).toEqual({
    exitCode: 0,
    stdout: ['Taken over:', '  binders', '  passwords.recentBindMinutes', '  log.level', '  log.operations', ''],
  })
  expect(await mailOfAda()).toBeUndefined()
  await server.printed('"operation":"search"')
  await using printer = await RawLdapClient.connect(server.ports.ldap)
  expect((await printer.bind('cn=printer,ou=services,dc=example,dc=com', 'printer-Secret-22')).resultCode).toBe(0)
  await folder.configure({ binders: [readerWith({})], log: { operations: 'notable' } })
  expect((await folder.run('reload', '--json')).stdout).toContain('"problems": []')
  expect((await printer.search({ base: '', scope: 0 })).resultCode).toBe(ResultCode.strongerAuthRequired)
  expect(await mailOfAda()).toBeDefined()
})

test('providers of the file come and go while the server runs', async () => {
  const before = (JSON.parse(await readFile(folder.configFile, 'utf8')) as { providers: object[] }).providers
  const added = 'dn: uid=turing,ou=people,dc=example,dc=com\nobjectClass: account\nuid: turing\n'
  await writeFile(join(folder.path, 'more.ldif'), added)
  await folder.configure({ providers: [...before, { id: 'more', type: 'ldif', name: 'More', path: 'more.ldif' }] })
  expect((await folder.run('reload')).stdout).toBe('Taken over:\n  providers\n')
  await folder.run('sync', '--provider', 'more')
  expect((await client.search({ filter: '(uid=turing)' })).entries).toHaveLength(1)
})

test('a setting that is read at the start is named, and the rest is taken over', async () => {
  await folder.configure({ ldap: { port: 1, tls: { port: 0 }, allowCleartextBind: 'never' } })
  expect(await folder.run('reload')).toMatchObject({
    exitCode: 2,
    stdout: 'Taken over:\n  ldap.allowCleartextBind\nNeeds a restart:\n  ldap.port\n',
  })
  await server.printed('"settings":["ldap.port"]')
  expect(await metric('rosterd_config_needs_restart')).toBe('1')
  await using later = await RawLdapClient.connect(server.ports.ldap)
  expect((await later.bind(reader.dn, reader.password)).resultCode).toBe(ResultCode.confidentialityRequired)
  await folder.configure({ ldap: { port: 0, tls: { port: 0 } } })
  expect(await folder.run('reload')).toMatchObject({ exitCode: 0 })
  expect(await metric('rosterd_config_needs_restart')).toBe('0')
})

test('a bad file is refused as a whole with every problem, and what was before stays', async () => {
  const good = await readFile(folder.configFile, 'utf8')
  await folder.configure({
    binders: [readerWith({ attributes: ['uid'] }), { name: 'printer', password: { file: 'no-such-secret' } }],
    guard: { minRemovd: 3 },
    log: { level: 'loud' },
  })
  process.kill(server.pid, 'SIGHUP')
  await server.printed('configuration refused; the one before stays')
  const refused = JSON.parse(server.lines.find((line) => line.includes('configuration refused')) ?? '{}') as {
    problems: string[]
  }
  expect(refused.problems).toEqual([
    expect.stringContaining('guard.minRemovd: is not a known key; did you mean "minRemoved"?'),
    expect.stringContaining('log.level: "loud" is not "debug", "info", "warn" or "error"'),
    expect.stringMatching(/binders\[1\]\.password: .*no-such-secret" does not exist/),
  ])
  expect(await metric('rosterd_config_problems')).toBe('3')
  const { exitCode, stdout } = await folder.run('reload')
  expect({ exitCode, first: stdout.split('\n')[0] }).toEqual({
    exitCode: 1,
    first: 'The configuration is refused; the one before stays in force:',
  })
  expect(await mailOfAda()).toBeDefined()
  await writeFile(folder.configFile, good)
  expect((await folder.run('reload')).exitCode).toBe(0)
  expect(await metric('rosterd_config_problems')).toBe('0')
})

test('whoever is bound with a secret that is another one now has to bind again', async () => {
  await writeFile(join(folder.path, 'reader-secret'), 'another-Secret-33\n')
  expect((await folder.run('reload')).stdout).toBe('Taken over:\n  binders[0].password\n')
  expect(await client.search({ filter: '(uid=ada)' })).toMatchObject({ resultCode: ResultCode.strongerAuthRequired })
  await using later = await RawLdapClient.connect(server.ports.ldap)
  expect((await later.bind(reader.dn, reader.password)).resultCode).toBe(ResultCode.invalidCredentials)
  expect((await later.bind(reader.dn, 'another-Secret-33')).resultCode).toBe(ResultCode.success)
})

test('SIGTERM tells every client that the server goes, and then ends', async () => {
  await using bound = await RawLdapClient.connect(server.ports.ldap)
  await bound.bind(reader.dn, 'another-Secret-33')
  const stopped = server.stop('SIGTERM')
  expect(await bound.next()).toMatchObject({
    messageId: 0,
    resultCode: ResultCode.unavailable,
    responseName: Oid.noticeOfDisconnection,
    diagnosticMessage: 'the server is shutting down',
  })
  await bound.closed()
  expect(await stopped).toBe(0)
})

test('SIGTERM while it starts ends it as well as later', async () => {
  await using folder = await configuredFolder()
  const child = spawn(rosterd, ['--config', folder.configFile, 'serve', '--log-format', 'json'])
  let printed = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (text: Buffer) => (printed += text.toString()))
  const ended = once(child, 'close')
  await expect.poll(() => existsSync(join(folder.path, 'data')), { timeout: 20_000 }).toBe(true)
  child.kill('SIGTERM')
  const [exitCode] = await ended
  expect({ exitCode, printed }).toEqual({ exitCode: 0, printed: expect.stringContaining('"event":"stopped"') })
})

test('without a server there is nothing to reload', async () => {
  expect(await folder.run('reload')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('no server is running') as string,
  })
})
