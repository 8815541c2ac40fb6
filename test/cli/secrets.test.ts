import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import { expect, test } from 'vitest'
import { type Visitor, visitorOf } from '../builders/administered-server.ts'
import { configuredFolder } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { filesBelow, findSecrets, type Place, recordsOf } from '../builders/secret-search.ts'
import { ntHash } from '../../server/directory/credentials/nt-hash.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { entraUserId, fillSmallTenants, oktaUserId } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../sync/sync-fixture.ts'

/*
 * A server is used for everything that has to do with secrets, with the log at debug, and then everything that it wrote is
 * searched for each of them: log, answers, pages, metrics, what commands print, every file in the data directory and every record
 * in the database.
 */

const secrets = new Map<string, string | Buffer>()

function secret(what: string, value: string): string {
  secrets.set(what, value)
  return value
}

test('no secret is anywhere in the clear', { timeout: 180_000 }, async () => {
  await using tenants = await startTrustedTenants({ data: 'empty' })
  tenants.okta.tenant.rateLimits.authnPerUserAndSecond = 100
  fillSmallTenants(tenants)
  const people = tenants.entra.tenant.directory
  const workers = tenants.okta.tenant.directory
  for (let n = 1; n <= 5; n++) {
    people.credentials(entraUserId(n)).password = secret(`password of person ${n}`, `right+Entra "${n}"/ümlaut`)
    workers.setPassword(oktaUserId(n), secret(`password of worker ${n}`, `right Okta %${n} <ümlaut>`))
  }
  people.credentials(entraUserId(2)).signIn = 'mfa'
  workers.credentials(oktaUserId(2)).signIn = 'mfa-required'

  await using folder = await configuredFolder()
  const inFile = async (name: string, value: string): Promise<object> => {
    await writeFile(join(folder.path, name), value)
    return { file: name }
  }
  await writeFile(join(folder.path, 'ca.pem'), tenants.caPem)
  tenants.entra.tenant.application.redirectUris.add('http://localhost:8080/me/callback')
  const clientSecret = await inFile('client-secret', secret('client secret', tenants.entra.clientSecret))
  const apiToken = await inFile('api-token', secret('API token', tenants.okta.apiToken))
  const binderPassword = secret('password of the binder', 'binder Secret-4711')
  await folder.configure({
    caFile: join(folder.path, 'ca.pem'),
    providers: [
      entraSettings(tenants, {
        passThroughBind: true,
        credentials: [{ kind: 'application', clientSecret }],
        signIn: { clientId: tenants.entra.clientId, clientSecret },
      }),
      oktaSettings(tenants, { passThroughBind: true, apiToken }),
      { id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' },
    ],
    binders: [{ name: 'svc', password: await inFile('binder', binderPassword) }],
    passwords: { cachedPassThroughHours: 24, recentBindMinutes: 0, bcryptCost: 8, ntHash: true },
    log: { level: 'debug', operations: 'all' },
  })

  const printed: Place[] = []
  const answered: Place[] = []
  const run = async (...args: readonly string[]) => await runWithInput('', ...args)
  const runWithInput = async (input: string, ...args: readonly string[]) => {
    const { stdout, stderr, exitCode } = await folder.runWithInput(input, ...args)
    printed.push({ name: `output of ${args.join(' ')}`, octets: Buffer.from(`${stdout}${stderr}`) })
    return { stdout, stderr, exitCode }
  }
  /** Of commands that show a secret once. */
  const shown = async (...args: readonly string[]) => (await folder.run(...args)).stdout

  const server = await folder.serve()
  const bind = async (name: string, password: string): Promise<number> => {
    await using client = await RawLdapClient.connect(server.ports.ldap)
    const { resultCode, diagnosticMessage } = await client.bind(name, password)
    answered.push({ name: `answer to ${name}`, octets: Buffer.from(diagnosticMessage) })
    return resultCode
  }
  for (const provider of ['contoso', 'acme', 'seed']) await run('sync', '--provider', provider)

  // Binds of every kind, right and wrong.
  const entraPassword = (n: number) => String(secrets.get(`password of person ${n}`))
  const oktaPassword = (n: number) => String(secrets.get(`password of worker ${n}`))
  const wrong = (what: string) => secret(`wrong password (${what})`, `guess-of-${what}-ßecret`)
  const { success, invalidCredentials, unavailable } = ResultCode
  expect(await bind('cn=svc,ou=services,dc=example,dc=com', binderPassword)).toBe(success)
  expect(await bind('cn=svc,ou=services,dc=example,dc=com', wrong('binder'))).toBe(invalidCredentials)
  expect(await bind('person1', entraPassword(1))).toBe(success)
  expect(await bind('worker1', oktaPassword(1))).toBe(success)
  expect(await bind('person1', wrong('person1'))).toBe(invalidCredentials)
  expect(await bind('worker1', wrong('worker1'))).toBe(invalidCredentials)
  expect(await bind('person2', entraPassword(2))).toBe(invalidCredentials)
  expect(await bind('worker2', oktaPassword(2))).toBe(invalidCredentials)
  expect(await bind('nobody', wrong('nobody'))).toBe(invalidCredentials)
  for (const kind of ['html', 'server-error', 'reset', 'truncated-json'] as const) {
    tenants.entra.tenant.faults.add({ kind, path: '/token' })
    tenants.okta.tenant.faults.add({ kind, path: '/authn' })
    expect(await bind('person3', entraPassword(3))).toBe(unavailable)
    expect(await bind('worker3', oktaPassword(3))).toBe(unavailable)
  }

  // Passwords, app passwords and second factors that are set here.
  const own = secret('directory password', 'otter paints Seven-violins "quietly" ü')
  expect(await runWithInput(own, 'user', 'set-password', 'worker4')).toMatchObject({ exitCode: 0 })
  expect(await bind('worker4', own)).toBe(success)
  secrets.set('NT hash', Buffer.from(ntHash(own), 'hex'))
  const tooWeak = secret('password that was refused', 'aaaaaaaaaaaaaaaa')
  expect((await runWithInput(tooWeak, 'user', 'set-password', 'worker4')).exitCode).toBe(1)
  const added = JSON.parse(await shown('user', 'app-password', 'add', 'worker5', '--name', 'phone', '--json')) as {
    password: string
  }
  // Its first part is no secret: it names the record.
  secret('app password', added.password.slice(added.password.indexOf('-')))
  expect(await bind('worker5', added.password)).toBe(success)
  expect(await bind('worker5', `${added.password.slice(0, -4)}aaaa`)).toBe(invalidCredentials)
  const begun = JSON.parse(await shown('user', 'totp', 'begin', 'worker4', '--json')) as { secret: string }
  const key = secret('secret of the second factor', begun.secret.replaceAll(' ', ''))
  secrets.set('octets of the second factor', Buffer.from(Secret.fromBase32(key).bytes))
  const code = new TOTP({ secret: Secret.fromBase32(key) }).generate()
  const confirmed = JSON.parse(await shown('user', 'totp', 'confirm', 'worker4', code, '--json')) as {
    recoveryCodes: readonly string[]
  }
  for (const recovery of confirmed.recoveryCodes) secret(`recovery code ${recovery}`, recovery)
  expect(await bind('worker4', `${own},${confirmed.recoveryCodes[0] ?? ''}`)).toBe(success)
  const reset = JSON.parse(await shown('user', 'reset-password', 'worker5', '--json')) as { password: string }
  secret('one-time password', reset.password)
  await bind('worker5', reset.password)

  // Service accounts of the store, and another master key.
  for (const args of [
    ['add', 'printer'],
    ['rotate', 'printer'],
  ]) {
    const { dn, secret: made } = JSON.parse(await shown('binder', ...args, '--json')) as { dn: string; secret: string }
    secret(`secret of ${args.join(' ')}`, made)
    expect(await bind(dn, made)).toBe(success)
  }
  const keyFile = join(folder.path, 'data', 'master.key')
  secret('master key before', (await readFile(keyFile, 'utf8')).trim())
  await run('key', 'rotate')
  expect(await bind('worker4', `${own},${confirmed.recoveryCodes[1] ?? ''}`)).toBe(success)

  // What shows things.
  for (const name of ['person1', 'worker1', 'worker2', 'worker4', 'worker5'])
    await Promise.all([
      run('explain', name),
      run('explain', name, '--json'),
      run('explain', name, '--bind-from', '192.0.2.7', '--binder', 'svc', '--json'),
      run('user', 'show', name),
      run('user', 'show', name, '--json'),
    ])
  const commands = [
    ['user', 'app-password', 'list', 'worker5', '--json'],
    ['check'],
    ['check', '--json'],
    ['provider', 'list', '--json'],
    ['provider', 'test', 'contoso'],
    ['runs', '--json'],
    ['export-ldif'],
    ['ids', 'export', '--csv'],
    ['binder', 'list', '--json'],
    ['throttle', 'list', '--json'],
  ]
  await Promise.all(commands.map((args) => run(...args)))
  const keepPages = async (who: string, visitor: Visitor, paths: readonly string[]) => {
    for (const path of paths) {
      const response = await visitor.get(path)
      expect([path, response.status]).toEqual([path, path === '/nothing' ? 404 : 200])
      answered.push({ name: `${path} for ${who}`, octets: Buffer.from(await response.text()) })
    }
  }
  const origin = `http://127.0.0.1:${server.ports.admin}`
  await keepPages('anybody', visitorOf(origin), ['/', '/metrics', '/healthz', '/readyz', '/nothing'])

  // An administrator, with a token of the API, and a person who signs in at the provider.
  const keepSession = (answer: Response) => {
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^(rosterd-(?:me|admin)[^=]*)=([^;]+)/.exec(cookie) ?? []
      if (value !== '') secret(`session of ${name}`, decodeURIComponent(value).replace(/^s:|\..*$/g, ''))
    }
    return answer
  }
  const owner = visitorOf(origin)
  const setupLink = new URL((await readFile(join(folder.path, 'data', 'setup-link'), 'utf8')).trim())
  const chosen = secret('password of the Owner', 'pelicans borrow "nine" quiet Umbrellas')
  const setUp = keepSession(await owner.post(setupLink.pathname, { name: 'ada', password: chosen, again: chosen }))
  expect(setUp.status).toBe(303)
  const setupToken = setupLink.pathname.split('/').at(-1) ?? ''
  expect(setupToken).not.toBe('')
  const token = await owner.post('/admin/tokens', { name: 'monitoring', role: 'auditor', lifetime: '30' })
  const [, tokenText = ''] = /<code class="secret">([^<]+)</.exec(await token.text()) ?? []
  expect(tokenText).not.toBe('')
  secret('API token of the server', tokenText.slice(-20))

  const person = visitorOf(origin)
  const atProvider = await person.post('/me/sign-in/contoso?again')
  const approved = await fetch(atProvider.headers.get('location') ?? '', {
    method: 'POST',
    body: new URLSearchParams({ username: 'person1@contoso.example', password: entraPassword(1) }),
    redirect: 'manual',
  })
  const back = new URL(approved.headers.get('location') ?? '')
  secret('code of the provider', back.searchParams.get('code') ?? 'none')
  expect(keepSession(await person.get(`${back.pathname}${back.search}`)).headers.get('location')).toBe('/me')
  const ownToo = secret('password that a person has set', 'lanterns Whisper to <eleven> otters')
  secrets.set('NT hash of that', Buffer.from(ntHash(ownToo), 'hex'))
  const wasSet = await person.post('/me/password', { password: ownToo, again: ownToo })
  expect(wasSet.headers.get('location')).toBe('/me')
  const [, shownOnce = ''] =
    /<code class="secret">([^<]+)</.exec(await (await person.post('/me/app-passwords', { name: 'tablet' })).text()) ??
    []
  secret('app password that a person has made', shownOnce.slice(shownOnce.indexOf('-')))
  expect(await bind('person1', shownOnce)).toBe(success)
  expect([...secrets.keys()].filter((what) => what.startsWith('session of '))).toHaveLength(2)
  await keepPages('person1', person, ['/me'])
  const pageOf = async (name: string) => {
    const [found] = JSON.parse((await run('explain', name, '--json')).stdout) as { entry: { entryUUID: string } }[]
    return `/admin/users/${found?.entry.entryUUID}`
  }
  await keepPages('the Owner', owner, [
    '/admin',
    '/admin/account',
    '/admin/admins',
    '/admin/admins/ada',
    '/admin/binders',
    '/admin/binders/printer',
    '/admin/binders/svc',
    '/admin/binders/printer/clients?client=any',
    '/admin/explain?name=person1',
    '/admin/groups',
    '/admin/logs',
    '/admin/logs.csv',
    '/admin/providers',
    '/admin/providers/contoso',
    '/admin/providers/acme',
    '/admin/settings',
    '/admin/sync',
    '/admin/sync/runs',
    '/admin/sync/changes.jsonl',
    '/admin/tokens',
    '/admin/users',
    '/admin/users.csv',
    '/admin/access-review.csv',
    '/admin/users.ldif',
    ...(await Promise.all(['person1', 'worker4', 'worker5'].map(pageOf))),
  ])
  await using reader = await RawLdapClient.connect(server.ports.ldap)
  await reader.bind('cn=svc,ou=services,dc=example,dc=com', binderPassword)
  const found = await reader.search({
    filter: '(objectClass=*)',
    attributes: ['*', '+', 'userPassword', 'sambaNTPassword'],
  })
  answered.push({
    name: 'search of everything',
    octets: Buffer.from(JSON.stringify(found.entries.map(({ attributes }) => [...attributes]))),
  })
  expect(found.entries.length).toBeGreaterThan(10)

  expect(await server.stop('SIGTERM')).toBe(0)
  const log = { name: 'log', octets: Buffer.from(server.lines.join('\n')) }
  const dataDir = join(folder.path, 'data')
  const raw = await filesBelow(dataDir)
  const records = await recordsOf(join(dataDir, 'db'))
  const compacted = (await filesBelow(dataDir)).map(({ name, octets }) => ({ name: `${name} (compacted)`, octets }))
  const everywhere = [log, ...printed, ...answered, ...raw, ...records, ...compacted]

  // The search itself: what is there is found.
  expect(log.octets.includes('AADSTS50126')).toBe(true)
  expect(records.some(({ octets }) => octets.includes('"kind":"provider"'))).toBe(true)
  expect(findSecrets(new Map([['a name', 'person1@contoso.example']]), records)).not.toEqual([])
  const masterKey = (await readFile(keyFile, 'utf8')).trim()
  expect(findSecrets(secrets, everywhere)).toEqual([])
  const butTheLink = everywhere.filter(({ name }) => !name.startsWith('setup-link'))
  expect(findSecrets(new Map([['setup link', setupToken]]), butTheLink)).toEqual([])
  const butTheKey = everywhere.filter(({ name }) => !name.startsWith('master.key'))
  expect(findSecrets(new Map([['master key', masterKey]]), butTheKey)).toEqual([])
  // Tokens of either cloud begin like this.
  expect(
    everywhere.filter(({ octets }) => /eyJ[\w-]{20}/.test(octets.toString('latin1'))).map(({ name }) => name),
  ).toEqual([])
})
