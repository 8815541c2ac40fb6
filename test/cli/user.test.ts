import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, suffix } from '../builders/running-ldap-server.ts'
import { fillSmallTenants } from '../sync/small-tenants.ts'

let tenants: SimulatedTenants
let caFolder: string
beforeAll(async () => {
  tenants = await startSimulatedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  caFolder = await mkdtemp(join(tmpdir(), 'rosterd-ca-'))
  await writeFile(join(caFolder, 'ca.pem'), tenants.caPem)
})
afterAll(async () => {
  await tenants.close()
  await rm(caFolder, { recursive: true })
})

/** Five workers of Okta, synced, and those of a file when one is given. */
async function folderOfWorkers(config: object = {}): Promise<ConfiguredFolder> {
  const { orgUrl, apiToken } = tenants.okta
  const folder = await configuredFolder({
    caFile: join(caFolder, 'ca.pem'),
    providers: [
      { id: 'acme', type: 'okta', name: 'Acme', orgUrl, apiToken },
      { id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' },
    ],
    passwords: { bcryptCost: 8 },
    ...config,
  })
  expect(await folder.run('sync')).toMatchObject({ exitCode: 0 })
  return folder
}

const dnOf = (name: string) => `uid=${name},ou=people,dc=example,dc=com`
const password = 'quiet otter paints seven violins'
const other = 'eleven glaciers hum at midnight'

async function bindCode(port: number, secret: string, name = 'worker1'): Promise<number> {
  await using client = await RawLdapClient.connect(port)
  return (await client.bind(dnOf(name), secret)).resultCode
}

describe.each(['alone', 'beside a running server'])('rosterd user, %s', (how) => {
  // Each test has a worker of its own.
  let folder: ConfiguredFolder
  let early: ServingProcess | undefined
  beforeAll(async () => {
    folder = await folderOfWorkers()
    early = how === 'beside a running server' ? await folder.serve() : undefined
  })
  afterAll(async () => {
    await early?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  test('set-password reads the password from the standard input, and the next bind takes it', async () => {
    if (early) expect(await bindCode(early.ports.ldap, password)).toBe(49)
    expect(await folder.runWithInput(`${password}\n`, 'user', 'set-password', 'worker1')).toEqual({
      exitCode: 0,
      stdout: `The password of ${dnOf('worker1')} is set.\n`,
      stderr: '',
    })
    const server = early ?? (await folder.serve())
    await using stopped = early ? undefined : server
    void stopped
    expect(await bindCode(server.ports.ldap, password)).toBe(0)
    expect(await bindCode(server.ports.ldap, other)).toBe(49)
    expect(await folder.runWithInput(`${other}\n`, 'user', 'set-password', 'worker1@acme.example')).toMatchObject({
      exitCode: 0,
    })
    expect(await bindCode(server.ports.ldap, other)).toBe(0)
    expect(await bindCode(server.ports.ldap, password)).toBe(49)
    expect((await folder.run('user', 'revoke', 'worker1')).stdout).toContain('Revoked of uid=worker1,')
    expect(await bindCode(server.ports.ldap, other)).toBe(49)
    if (early) expect(early.lines.join('\n')).toMatch(/"by":"admin:\w+".*"event":"password set"/)
    expect(server.lines.join('\n')).not.toMatch(/otter|glaciers/)
  })

  test('set-password says what is wrong with a password, and of whom none can be set', async () => {
    const refusal = (input: string, name: string) => folder.runWithInput(input, 'user', 'set-password', name)
    expect(await refusal('short', 'worker1')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^rosterd: Use at least 12 characters/),
    })
    expect(await refusal('', 'worker1')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no password') })
    expect(await refusal(password, 'nobody-here')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('nobody is called "nobody-here"'),
    })
    expect(await refusal(password, 'ada')).toMatchObject({
      exitCode: 1,
      stderr: 'rosterd: The password is kept in the file of Seed; change it there.\n',
    })
  })

  test('reset-password prints one to be changed; show tells what there is and who did it', async () => {
    const { stdout } = await folder.run('user', 'reset-password', 'worker2')
    expect(stdout).toMatch(/^One-time password of uid=worker2,.*:\n\n {2}[a-z2-7]{5}(-[a-z2-7]{5}){3}\n\n/)
    const shown = await folder.run('user', 'show', 'worker2')
    expect(shown.stdout).toMatch(/directory password: set \S+, to be changed\n/)
    expect(shown.stdout).toMatch(/\n {2}\S+ password set by admin:\w+ \(mustChange true\)\n$/)
    expect(JSON.parse((await folder.run('user', 'show', dnOf('worker2'), '--json')).stdout)).toMatchObject({
      name: dnOf('worker2'),
      status: 'active',
      directoryPassword: { mustChange: true },
      appPasswords: [],
      block: null,
    })
  })

  test('app passwords are added, listed and revoked', async () => {
    const app = (...args: readonly string[]) => folder.run('user', 'app-password', ...args)
    const added = await app('add', 'worker3', '--name', 'phone', '--expires', '2999-12-31', '--network', '192.0.2.0/24')
    const [, id = ''] = /\n\n {2}([a-z2-7]{8})(-[a-z2-7]{4}){5}\n\n/.exec(added.stdout) ?? []
    expect((await app('list', 'worker3')).stdout).toMatch(
      new RegExp(`^${id} phone: added \\S+, until 2999-12-31T00:00:00.000Z, never used, from 192.0.2.0/24\n$`),
    )
    expect(await app('revoke', 'worker3', 'unknown')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`there are: ${id} (phone)`),
    })
    expect(await app('revoke', 'worker3', id)).toMatchObject({ exitCode: 0 })
    expect((await app('list', 'worker3')).stdout).toBe('There are no app passwords.\n')
    expect(await app('add', 'worker3', '--name', 'phone', '--expires', 'soon')).toMatchObject({ exitCode: 1 })
  })

  test('totp sets up a second factor with a code of it, and takes it away', async () => {
    const totp = (...args: readonly string[]) => folder.run('user', 'totp', ...args)
    const { secret } = JSON.parse((await totp('begin', 'worker4', '--json')).stdout) as { secret: string }
    const app = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
    expect(await totp('confirm', 'worker4', 'x')).toMatchObject({ exitCode: 1 })
    expect((await totp('confirm', 'worker4', app.generate())).stdout).toMatch(/\n\n( {2}[a-z2-7-]{14}\n){10}$/)
    expect((await folder.run('user', 'show', 'worker4')).stdout).toContain('second factor: on, 10 recovery codes left')
    expect((await totp('recovery-codes', 'worker4')).stdout).toMatch(/\n\n( {2}[a-z2-7-]{14}\n){10}$/)
    expect(await totp('reset', 'worker4')).toMatchObject({ exitCode: 0 })
    expect((await totp('reset', 'worker4')).stdout).toBe(`${dnOf('worker4')} has no second factor.\n`)
  })

  test('block, unblock and pass-through are shown with who and why', async () => {
    expect(await folder.run('user', 'block', 'worker5')).toMatchObject({ exitCode: 1 })
    expect(
      await folder.run('user', 'block', 'worker5', '--reason', 'laptop stolen', '--until', '2999-12-31T18:00+01:00'),
    ).toMatchObject({ exitCode: 0 })
    expect((await folder.run('user', 'blocked')).stdout).toMatch(
      new RegExp(`^${dnOf('worker5')}: BLOCKED since \\S+ by \\w+ until 2999-12-31T17:00:00.000Z: laptop stolen\n$`),
    )
    await folder.run('user', 'pass-through', 'worker5', 'never')
    const { stdout } = await folder.run('user', 'show', 'worker5')
    expect(stdout).toMatch(/sign-in: BLOCKED since \S+ by \w+ until 2999-12-31T17:00:00.000Z: laptop stolen\n/)
    expect(stdout).toContain('pass-through sign-in: never\n')
    expect((await folder.run('user', 'unblock', 'worker5')).stdout).toBe(`The block of ${dnOf('worker5')} is lifted.\n`)
    expect((await folder.run('user', 'blocked')).stdout).toBe('Nobody is blocked.\n')
    await folder.run('user', 'pass-through', 'worker5', 'default')
    const after = (await folder.run('user', 'show', 'worker5')).stdout
    expect(after).toContain('sign-in: not blocked\n')
    expect(after).not.toContain('pass-through sign-in: never')
  })
})

test('what is given and taken away by commands holds at the very next bind', async () => {
  await using folder = await folderOfWorkers()
  await using server = await folder.serve()
  const bind = (secret: string) => bindCode(server.ports.ldap, secret)
  const user = (...args: readonly string[]) => folder.run('user', ...args)
  await folder.runWithInput(password, 'user', 'set-password', 'worker1')
  const added = await user('app-password', 'add', 'worker1', '--name', 'phone', '--json')
  const app = JSON.parse(added.stdout) as { password: string; added: { id: string } }
  expect([await bind(password), await bind(app.password)]).toEqual([0, 0])

  const { secret } = JSON.parse((await user('totp', 'begin', 'worker1', '--json')).stdout) as { secret: string }
  const totp = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
  expect(await bind(password)).toBe(0)
  const confirmed = await user('totp', 'confirm', 'worker1', totp.generate(), '--json')
  const { recoveryCodes } = JSON.parse(confirmed.stdout) as { recoveryCodes: readonly string[] }
  const [first = '', second = ''] = recoveryCodes
  expect([await bind(password), await bind(app.password)]).toEqual([49, 0])
  expect([await bind(`${password},${first}`), await bind(`${password},${first}`)]).toEqual([0, 49])
  const next = totp.generate({ timestamp: Date.now() + 30_000 })
  expect([await bind(`${password},${next}`), await bind(`${password},${next}`)]).toEqual([0, 49])

  await user('block', 'worker1', '--reason', 'laptop stolen')
  expect([await bind(`${password},${second}`), await bind(app.password)]).toEqual([49, 49])
  await user('unblock', 'worker1')
  expect(await bind(app.password)).toBe(0)
  await user('app-password', 'revoke', 'worker1', app.added.id)
  expect(await bind(app.password)).toBe(49)
  await user('totp', 'reset', 'worker1')
  expect(await bind(password)).toBe(0)

  const once = await user('reset-password', 'worker1', '--json')
  const { password: given } = JSON.parse(once.stdout) as { password: string }
  expect([await bind(password), await bind(given)]).toEqual([49, 49])
  const log = server.lines.join('\n')
  for (const unseen of [password, app.password, given, ...recoveryCodes]) expect(log).not.toContain(unseen)
})

test('the NT hash of a password that is set is served to a binder that is granted it, and to nobody else', async () => {
  const radius = { name: 'radius', password: 'radius-Secret-1', grants: ['ntHash'] }
  const binders = [{ name: reader.name, password: reader.password }, radius]
  const config = { binders, passwords: { bcryptCost: 8, ntHash: true } }
  await using folder = await folderOfWorkers(config)
  await folder.runWithInput('Password Über 7 glaciers', 'user', 'set-password', 'worker1')
  const search = async (port: number, name: string, secret: string, filter: string) => {
    await using client = await RawLdapClient.connect(port)
    expect((await client.bind(name, secret)).resultCode).toBe(0)
    const { entries } = await client.search({ filter, attributes: ['sambaNTPassword', 'pwdChangedTime'] })
    return entries.map(({ attributes }) => [...attributes.keys()].sort())
  }
  {
    await using server = await folder.serve()
    const asRadius = (filter: string) =>
      search(server.ports.ldap, `cn=radius,ou=services,${suffix}`, radius.password, filter)
    const asReader = (filter: string) => search(server.ports.ldap, reader.dn, reader.password, filter)
    expect(await asRadius('(uid=worker1)')).toEqual([['pwdChangedTime', 'sambaNTPassword']])
    expect(await asRadius('(sambaNTPassword=*)')).toEqual([['pwdChangedTime', 'sambaNTPassword']])
    expect(await asReader('(uid=worker1)')).toEqual([['pwdChangedTime']])
    expect(await asReader('(sambaNTPassword=*)')).toEqual([])
    await folder.run('user', 'block', 'worker1', '--reason', 'laptop stolen')
    expect(await asRadius('(uid=worker1)')).toEqual([['pwdChangedTime']])
    await folder.run('user', 'unblock', 'worker1')
    expect(JSON.parse((await folder.run('user', 'show', 'worker1', '--json')).stdout)).toMatchObject({ ntHash: true })
  }
  await folder.configure({ passwords: { bcryptCost: 8, ntHash: false } })
  expect(JSON.parse((await folder.run('user', 'show', 'worker1', '--json')).stdout)).toMatchObject({ ntHash: false })
})

test.each(['alone', 'beside a running server'])(
  'key rotate, %s, keeps second factors and app passwords working',
  async (how) => {
    await using folder = await configuredFolder()
    await folder.run('sync')
    const user = (...args: readonly string[]) => folder.run('user', ...args)
    const added = await user('app-password', 'add', 'ada', '--name', 'phone', '--json')
    const { password: app } = JSON.parse(added.stdout) as { password: string }
    const { secret } = JSON.parse((await user('totp', 'begin', 'ada', '--json')).stdout) as { secret: string }
    const totp = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
    await using early = how === 'alone' ? undefined : await folder.serve()
    if (early) expect(await bindCode(early.ports.ldap, app, 'ada')).toBe(0)
    const keyFile = join(folder.path, 'data', 'master.key')
    const before = await readFile(keyFile, 'utf8')
    expect(await folder.run('key', 'rotate')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^2 secrets are encrypted with the master key [0-9a-f]{16} now\. /),
    })
    const after = await readFile(keyFile, 'utf8')
    expect(after).not.toContain(before.trim())
    if (early) expect(await bindCode(early.ports.ldap, app, 'ada')).toBe(0)
    if (early) await early.stop('SIGTERM')
    await using server = await folder.serve()
    expect(await bindCode(server.ports.ldap, app, 'ada')).toBe(0)
    expect(await user('totp', 'confirm', 'ada', totp.generate())).toMatchObject({ exitCode: 0 })
    expect(await user('app-password', 'add', 'ada', '--name', 'printer')).toMatchObject({ exitCode: 0 })
    expect(server.lines.join('\n')).not.toContain('master key cannot be used')
  },
)
