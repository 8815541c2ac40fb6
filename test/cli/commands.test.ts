import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { privateCertificate, type ServerCertificate } from '../../server/ldap/certificate-authority.ts'
import { parseLdif } from '../../server/protocol/ldif.ts'
import {
  type CommandResult,
  type ConfiguredFolder,
  configuredFolder,
  rosterd,
  runProgram,
  type ServingProcess,
} from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { peopleLdif, reader } from '../builders/running-ldap-server.ts'

const withoutGrace = peopleLdif.replace(/dn: uid=grace[^]*?\n\n/, '')
const manyPeople = (count: number) =>
  peopleLdif +
  Array.from(
    { length: count },
    (_, i) => `dn: uid=p${i},ou=people,dc=example,dc=com\nobjectClass: account\nuid: p${i}\n\n`,
  ).join('')

describe.each(['alone', 'beside a running server'])('rosterd, %s', (how) => {
  /** The commands are the same, and so must be what they print, wherever the store is. */
  const isBeside = how === 'beside a running server'
  let folder: ConfiguredFolder
  let server: ServingProcess | undefined
  let firstSync: CommandResult
  beforeAll(async () => {
    folder = await configuredFolder()
    server = isBeside ? await folder.serve() : undefined
    firstSync = await folder.run('sync')
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  /** Until the end of the test. */
  async function peopleAre(text: string): Promise<void> {
    const write = (ldif: string) => writeFile(join(folder.path, 'people.ldif'), ldif)
    onTestFinished(async () => {
      await write(peopleLdif)
      await folder.run('sync')
    })
    await write(text)
  }

  test('sync applies, then has nothing to do; a dry run writes nothing', async () => {
    expect(firstSync).toMatchObject({ exitCode: 0, stderr: '' })
    expect(firstSync.stdout).toContain(isBeside ? 'seed: unchanged' : 'seed: applied')
    await peopleAre(`${peopleLdif}\ndn: uid=new,ou=people,dc=example,dc=com\nobjectClass: account\nuid: new\n`)
    const dry = await folder.run('sync', '--dry-run')
    expect(dry.stdout).toContain('add uid=new,ou=people,dc=example,dc=com')
    expect((await folder.run('explain', 'new')).exitCode).toBe(1)
    const json = JSON.parse((await folder.run('sync', '--provider', 'seed', '--json')).stdout) as { outcome: string }[]
    expect(json).toMatchObject([{ provider: 'seed', outcome: 'applied' }])
    expect((await folder.run('explain', 'new')).exitCode).toBe(0)
    expect((await folder.run('sync')).stdout).toContain('seed: unchanged')
  })

  test('pause holds changes back until resume, and runs tells of both', async () => {
    expect(await folder.run('pause', 'seed', '--reason', 'moving house')).toMatchObject({ exitCode: 0 })
    await peopleAre(withoutGrace)
    expect((await folder.run('sync')).stdout).toContain(
      'paused: moving house; 1 changes wait for "rosterd resume seed"',
    )
    const { stdout } = await folder.run('runs', '--limit', '1')
    expect(stdout).toMatch(/^seed is paused since .*: moving house\nseed\/\S+ {2}unchanged .*, command\n$/)
    expect((await folder.run('explain', 'grace')).exitCode).toBe(0)
    expect((await folder.run('resume', 'seed')).stdout).toContain('1 removed')
    expect(await folder.run('resume', 'seed')).toMatchObject({ exitCode: 1, stderr: 'rosterd: seed is not paused\n' })
    const { runs } = JSON.parse((await folder.run('runs', '--json')).stdout) as { runs: { id: string }[] }
    expect(await folder.run('undo', runs[0]?.id ?? '')).toMatchObject({
      exitCode: 1,
      stderr: 'rosterd: seed is a file: change the file back instead\n',
    })
  })

  test('preview tells what another configuration would change, and writes nothing', async () => {
    const config = JSON.parse(await readFile(folder.configFile, 'utf8')) as { providers: object[] }
    const other = join(folder.path, 'other.json')
    await writeFile(other, JSON.stringify({ ...config, providers: [{ ...config.providers[0], groups: false }] }))
    const before = await folder.run('export-ldif')
    const { stdout } = await folder.run('preview', other)
    expect(stdout).toMatch(/^3 changes:\nof these would wait .*all 3 groups of seed would go\):\n {2}remove cn=/)
    expect(await folder.run('export-ldif')).toEqual(before)
  })

  test('sync of a provider nobody configured fails and names those there are', async () => {
    expect(await folder.run('sync', '--provider', 'contoso')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('configured are seed'),
    })
  })

  test('a sync that cannot read its file fails with the reason and changes nothing', async () => {
    const before = await folder.run('export-ldif')
    await peopleAre('dn: uid=broken\nno colon here\n')
    const failed = await folder.run('sync')
    expect(failed).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('line 2') })
    expect((await folder.run('export-ldif')).stdout).toBe(before.stdout)
  })

  test('changes that look like an accident are held and shown; a discarded plan is asked about once it changes, and approved by its hash', async () => {
    await using folder = await configuredFolder({}, manyPeople(40))
    await using server = isBeside ? await folder.serve() : undefined
    if (!server) await folder.run('sync')
    await writeFile(join(folder.path, 'people.ldif'), peopleLdif)
    expect(await folder.run('sync')).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('held:') })
    expect((await folder.run('explain', 'p7')).exitCode).toBe(0)
    expect((await folder.run('plan', 'discard', '--latest')).exitCode).toBe(0)
    expect((await folder.run('sync')).exitCode).toBe(0)
    await writeFile(join(folder.path, 'people.ldif'), withoutGrace)
    expect((await folder.run('sync')).exitCode).toBe(2)
    const shown = await folder.run('plan', 'show', '--json')
    expect(shown.exitCode).toBe(2)
    const [plan] = JSON.parse(shown.stdout) as { hash: string; changes: unknown[] }[]
    expect(plan?.changes).toHaveLength(41)
    expect(await folder.run('plan', 'approve', '0123456789')).toMatchObject({ exitCode: 1 })
    expect(await folder.run('plan', 'approve', plan?.hash.slice(0, 12) ?? '')).toMatchObject({ exitCode: 0 })
    expect((await folder.run('explain', 'p7')).exitCode).toBe(1)
    expect(await folder.run('plan', 'show')).toMatchObject({ exitCode: 0, stdout: 'No changes are held.\n' })
  })

  test('explain with an address says why somebody cannot sign in', async () => {
    const ada = await folder.run('explain', 'ada', '--bind-from', '192.0.2.7')
    expect(ada.stdout).toContain(
      'Nothing here stops uid=ada,ou=people,dc=example,dc=com: it is for the password to decide.',
    )
    expect(ada.exitCode).toBe(0)
    const stopped = await folder.run('explain', 'ada', '--binder', 'nobody')
    expect(stopped.stdout).toMatch(
      /^uid=ada,ou=people,dc=example,dc=com cannot sign in:\n(.*\n)* {2}STOPS there is no binder "nobody"/,
    )
    expect(stopped.exitCode).toBe(1)
    expect((await folder.run('explain', 'ada', '--bind-from', 'here')).stderr).toContain('It must be an IP address.')
    const { stdout } = await folder.run('explain', 'ada', '--bind-from', '192.0.2.7', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ name: 'ada', address: '192.0.2.7', findings: [{}, {}, {}, {}, {}, {}] })
  })

  test('explain prints status, entry and where it comes from', async () => {
    expect((await folder.run('explain', 'ada@example.com')).stdout).toContain('dn: uid=ada,ou=people,dc=example,dc=com')
    expect(JSON.parse((await folder.run('explain', 'ada', '--json')).stdout)).toMatchObject([
      { provider: 'seed', entry: { attributes: { uid: ['ada'] } } },
    ])
    expect(await folder.run('explain', 'nobody-here')).toMatchObject({ exitCode: 1 })
  })

  // Such as of a variable of a script that is not set.
  test.each(['user revoke', 'history', 'sync --user'])('%s: an empty name is nobody', async (command) => {
    expect(await folder.run(...command.split(' '), ' ')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/nobody|no entry/),
    })
  })

  test('link lists nobody where nobody is linked, and says what a source looks like', async () => {
    expect(await folder.run('link', 'list')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Nobody') })
    const refused = await folder.run('link', 'confirm', 'seed:ada', 'grace')
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('write it as PROVIDER:ID') })
    expect(await folder.run('link', 'separate', 'ada')).toMatchObject({ exitCode: 1 })
  })

  test('ids are exported and imported again; a file that conflicts writes nothing', async () => {
    const { stdout: csv } = await folder.run('ids', 'export', '--csv')
    expect(csv).toContain('tenant,id,kind,name,nameWanted,entryUUID,number')
    await writeFile(join(folder.path, 'ids.csv'), csv)
    expect(await folder.run('ids', 'import', join(folder.path, 'ids.csv'))).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('1 known, 0 in conflict. Written.'),
    })
    await writeFile(join(folder.path, 'passwd'), 'ada:x:5000:100::/home/ada:/bin/sh\n')
    const refused = await folder.run('ids', 'import', join(folder.path, 'passwd'))
    expect(refused).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('conflict in line 1: ada:') })
    const relink = (...options: string[]) => folder.run('ids', 'relink', ...options)
    expect(await relink('--from', 'seed')).toMatchObject({
      stderr: expect.stringContaining('--from, --to and --match'),
    })
    expect(await relink('--undo')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no relink to undo') })
  })

  test('export-ldif prints every entry, parents first, without passwords', async () => {
    const { stdout, exitCode } = await folder.run('export-ldif')
    expect(exitCode).toBe(0)
    const records = parseLdif(stdout)
    expect(records[0]?.dn).toBe('dc=example,dc=com')
    expect(records.map(({ dn }) => dn)).toEqual(expect.arrayContaining(parseLdif(peopleLdif).map(({ dn }) => dn)))
    expect(stdout).not.toMatch(/userPassword|ada-secret/)
  })
})

const contoso = {
  id: 'contoso',
  type: 'entra',
  name: 'Contoso',
  tenantId: 'a0000000-0000-4000-8000-000000000001',
  clientId: 'a0000000-0000-4000-8000-000000000002',
  credentials: [{ kind: 'delegated' }],
}

describe.each(['alone', 'beside a running server'])('rosterd provider, %s', (how) => {
  let folder: ConfiguredFolder
  let server: ServingProcess | undefined
  beforeAll(async () => {
    folder = await configuredFolder({ providers: [contoso] })
    server = how === 'beside a running server' ? await folder.serve() : undefined
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  test('makes one-time links for the purposes asked for', async () => {
    const made = await folder.run('provider', 'authorize', 'contoso', '--for', 'groups')
    expect(made).toMatchObject({ exitCode: 0, stderr: '' })
    expect(made.stdout).toMatch(/^ {2}http:\/\/localhost:8080\/authorize\/[\w-]{32}$/m)
    expect(made.stdout).toContain('http://localhost:8080/authorize/callback')
    const json = await folder.run('provider', 'authorize', 'contoso', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ url: expect.stringContaining('/authorize/') })
    expect(await folder.run('provider', 'authorize', 'contoso', '--for', 'everything')).toMatchObject({ exitCode: 1 })
    expect(await folder.run('provider', 'authorize', 'acme')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is no provider "acme"; configured are: contoso'),
    })
  })

  test('lists, tests and forgets, and says what is not there', async () => {
    expect(await folder.run('provider', 'list')).toEqual({
      exitCode: 0,
      stderr: '',
      stdout:
        'contoso: Contoso (entra)\n  no account is authorized; "rosterd provider authorize contoso" makes a link for one\n',
    })
    expect(JSON.parse((await folder.run('provider', 'list', '--json')).stdout)).toEqual([
      { id: 'contoso', type: 'entra', name: 'Contoso', credentials: [], takesAccounts: true },
    ])
    const tested = await folder.run('provider', 'test', 'contoso')
    expect(tested).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('FAIL contoso: read groups: ') })
    expect(await folder.run('provider', 'forget', 'contoso', '12345678')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('has no authorization "12345678"; there is none'),
    })
  })
})

describe('rosterd serve', () => {
  test('serves with a master key that is none, and says so', async () => {
    await using folder = await configuredFolder({ providers: [contoso], masterKeyFile: 'no-such.key' })
    await using server = await folder.serve()
    await server.printed('no-such.key\\" does not exist; put it back, or name another in masterKeyFile')
    expect((await fetch(`http://127.0.0.1:${server.ports.admin}/healthz`)).status).toBe(200)
  })

  test('prints one JSON event a line, answers LDAP and HTTP, and stops cleanly on SIGTERM', async () => {
    await using folder = await configuredFolder()
    const server = await folder.serve()
    await using client = await RawLdapClient.connect(server.ports.ldap)
    expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(0)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
    expect((await fetch(`http://127.0.0.1:${server.ports.admin}/readyz`)).status).toBe(200)
    expect(await server.stop('SIGTERM')).toBe(0)
    for (const line of server.lines) expect(JSON.parse(line)).toHaveProperty('event')
    expect(server.lines.join('\n')).not.toContain(reader.password)
  })

  test('keeps what it has over a kill', async () => {
    await using folder = await configuredFolder()
    const first = await folder.serve()
    await first.stop('SIGKILL')
    await writeFile(join(folder.path, 'people.ldif'), 'not ldif at all')
    const second = await folder.serve()
    await using client = await RawLdapClient.connect(second.ports.ldap)
    await client.bind(reader.dn, reader.password)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
    await second.stop('SIGTERM')
  })

  test('takes a new certificate on SIGHUP without dropping connections, and keeps the old one when the new is bad', async () => {
    await using folder = await configuredFolder()
    const file = (name: string) => join(folder.path, name)
    const write = async ({ certificatePem, keyPem }: ServerCertificate) => {
      await writeFile(file('cert.pem'), certificatePem)
      await writeFile(file('key.pem'), keyPem)
    }
    const [first, second] = [
      await privateCertificate(file('a'), ['localhost', '127.0.0.1'], new Date()),
      await privateCertificate(file('b'), ['localhost', '127.0.0.1'], new Date()),
    ]
    await write(first)
    const config = JSON.parse(await readFile(folder.configFile, 'utf8')) as { ldap: { tls: object } }
    config.ldap.tls = { port: 0, certFile: 'cert.pem', keyFile: 'key.pem' }
    await writeFile(folder.configFile, JSON.stringify(config))
    await using server = await folder.serve()
    const connect = (ca: string) => RawLdapClient.connectTls(server.ports.ldaps, { ca, host: 'localhost' })
    await using client = await connect(first.caPem)

    await write(second)
    process.kill(server.pid, 'SIGHUP')
    await server.printed('certificate in use is new')
    await using later = await connect(second.caPem)
    expect((await later.bind(reader.dn, reader.password)).resultCode).toBe(0)
    expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(0)

    await writeFile(file('cert.pem'), 'not a certificate')
    process.kill(server.pid, 'SIGHUP')
    await server.printed('certificate could not be read')
    await using last = await connect(second.caPem)
    expect((await last.search({ base: '', scope: 0 })).resultCode).toBe(0)
  })
})

describe('a server that runs', () => {
  let folder: ConfiguredFolder
  let server: ServingProcess
  beforeAll(async () => {
    folder = await configuredFolder()
    server = await folder.serve()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  test('its control socket, store and keys are for the owner alone', async () => {
    const mode = async (name: string) => (await stat(join(folder.path, 'data', name))).mode & 0o777
    expect(await mode('control.sock')).toBe(0o600)
    expect(await mode('tls/ca.key')).toBe(0o600)
    expect(await mode('tls/server.key')).toBe(0o600)
    expect((await stat(join(folder.path, 'data'))).mode & 0o077).toBe(0)
  })

  test('a second one on the same store says so in a sentence', async () => {
    expect(await folder.run('serve')).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/in use by another/) })
  })

  test('a port that is taken is named', async () => {
    await using other = await configuredFolder({ ldap: { port: server.ports.ldap, tls: { port: 0 } } })
    expect(await other.run('serve')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`port ${server.ports.ldap}`),
    })
  })
})

describe('rosterd check and configuration errors', () => {
  test('check tries configuration, certificate and providers', async () => {
    await using folder = await configuredFolder()
    const checked = await folder.run('check')
    expect(checked).toMatchObject({ exitCode: 0 })
    expect(checked.stdout).toContain('provider seed')
    expect(JSON.parse((await folder.run('check', '--json')).stdout)).toMatchObject({ ok: true })
    await writeFile(join(folder.path, 'people.ldif'), 'not ldif')
    expect(await folder.run('check')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('FAIL provider seed'),
    })
    expect(await folder.run('check', '--offline')).toMatchObject({ exitCode: 0 })
  })

  test('every error at once, with path, value and fix', async () => {
    await using folder = await configuredFolder({
      baseDn: 'dc=example,,dc=org',
      ldap: { port: 99_999, prot: 1 },
      naming: { onClash: 'fight' },
    })
    const { exitCode, stderr } = await folder.run('check')
    expect(exitCode).toBe(1)
    for (const text of ['ldap.port', '99999', 'ldap.prot', 'naming.onClash', 'baseDn', 'column 12'])
      expect(stderr).toContain(text)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('a missing configuration file is named', async () => {
    await using folder = await configuredFolder()
    expect(await folder.run('--config', '/does/not/exist.json', 'check')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('/does/not/exist.json'),
    })
  })

  test('--help needs no configuration', async () => {
    const answers = await Promise.all(
      [[], ['plan'], ['plan', 'show']].map((words) => runProgram(rosterd, [...words, '--help'])),
    )
    for (const answer of answers)
      expect(answer).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Usage: rosterd') })
  })

  test('the configuration as shipped is valid', async () => {
    await using folder = await configuredFolder()
    const shipped = new URL('../../ldap.config.json', import.meta.url)
    await writeFile(folder.configFile, await readFile(shipped))
    expect(await folder.run('check', '--offline')).toMatchObject({ exitCode: 0 })
  })
})

test('runs --follow prints what the server does in its runs, one event a line', async () => {
  await using folder = await configuredFolder()
  expect(await folder.run('runs', '--follow')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('no server is running here'),
  })
  await using server = await folder.serve()
  void server
  const child = spawn(rosterd, ['--config', folder.configFile, 'runs', '--follow'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  // It hears of what happens once it has connected, which may be in the middle of a run.
  const isWhole = () => {
    const from = lines.findIndex((line) => line.includes('"started"'))
    return from >= 0 && lines.slice(from).some((line) => line.includes('"ended"'))
  }
  while (!isWhole()) await folder.run('sync', '--full')
  child.kill('SIGINT')
  await once(child, 'exit')
  const events = lines.map((line) => JSON.parse(line) as { type: string; run: string; step?: string })
  const started = events.findIndex(({ type }) => type === 'started')
  expect(events[started]).toMatchObject({ provider: 'seed', trigger: 'command', dryRun: false })
  expect(events[started + 1]).toMatchObject({ type: 'step', run: events[started]?.run, step: 'entries', count: 9 })
})

test('a command works alone in a folder whose name is too long for a socket', async () => {
  await using folder = await configuredFolder({ dataDir: 'd'.repeat(100) })
  expect(await folder.run('sync')).toMatchObject({ exitCode: 0, stderr: '' })
})

describe('a reader of the output that goes away', () => {
  test('ends a command without a word', async () => {
    await using folder = await configuredFolder({}, manyPeople(5000))
    await folder.run('sync')
    const piped = `"${rosterd}" --config "${folder.configFile}" export-ldif | head -n 1`
    expect(await runProgram('sh', ['-c', piped])).toEqual({ exitCode: 0, stdout: 'version: 1\n', stderr: '' })
  })

  test('does not end a server', async () => {
    await using folder = await configuredFolder()
    await using server = await folder.serve()
    server.stopReading()
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await using client = await RawLdapClient.connect(server.ports.ldap)
      expect((await client.bind('nobody', 'x')).resultCode).toBe(49) // is logged
      expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(0)
    }
    expect((await folder.run('sync')).stdout).toContain('seed: unchanged') // is logged at once
    await using client = await RawLdapClient.connect(server.ports.ldap)
    expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(0)
  })
})
