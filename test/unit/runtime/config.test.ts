import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ConfigRequest, loadConfig } from '../../../server/runtime/config.ts'
import { ConfigError } from '../../../server/runtime/config-problems.ts'

interface Loading extends Omit<ConfigRequest, 'path' | 'env'> {
  readonly env?: ConfigRequest['env']
  readonly files?: Readonly<Record<string, string>>
}

/** Loads `written` (text as it is, anything else as JSON) from a temporary folder, whose path `in` gets. */
async function load(written: unknown, { env = {}, files = {}, ...request }: Loading = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-config-'))
  try {
    const path = join(folder, 'ldap.config.json')
    await writeFile(path, typeof written === 'string' ? written : JSON.stringify(written))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return { folder, ...(await loadConfig({ path, env, ...request })) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The lines of the error, without the file's name. */
async function problemsOf(written: unknown, loading?: Loading): Promise<string[]> {
  try {
    await load(written, loading)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').map((line) => line.replace(/^\S*ldap\.config\.json: /, ''))
  }
  return []
}

const entra = (more: object = {}) => ({
  id: 'contoso',
  type: 'entra',
  name: 'Contoso',
  tenantId: 't',
  clientId: 'c',
  credentials: [{ kind: 'application', clientSecret: { env: 'CONTOSO_SECRET' } }],
  ...more,
})
const binder = (more: object = {}) => ({ name: 'sssd', password: { env: 'SSSD' }, ...more })

test('fills in every default and resolves paths against the file', async () => {
  const { config, folder } = await load({
    dataDir: 'state',
    caFile: '/etc/ca.pem',
    ldap: { tls: { certFile: 'tls/cert.pem', keyFile: 'tls/key.pem' } },
    providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }, entra()],
    binders: [binder({ password: { file: 'secret' } })],
  })
  expect(config.dataDir).toBe(join(folder, 'state'))
  expect(config.caFile).toBe('/etc/ca.pem')
  expect(config.ldap).toMatchObject({ port: 3890, tls: { certFile: join(folder, 'tls/cert.pem'), port: 6360 } })
  expect(config.providers[0]).toMatchObject({ path: join(folder, 'people.ldif'), flattenGroups: false })
  expect(config.binders[0]?.password).toEqual({ file: join(folder, 'secret') })
  expect(Object.isFrozen(config.ldap.tls)).toBe(true)
})

test('takes the file from --config, else from ROSTERD_CONFIG', async () => {
  await expect(loadConfig({ path: '/nowhere/a.json', env: { ROSTERD_CONFIG: '/nowhere/b.json' } })).rejects.toThrow(
    '/nowhere/a.json: does not exist; name the configuration file with --config FILE or ROSTERD_CONFIG',
  )
  await expect(loadConfig({ env: { ROSTERD_CONFIG: '/nowhere/b.json' } })).rejects.toThrow('/nowhere/b.json: does not')
})

test.each([
  ['{\n  "baseDn": "x",\n}', 'line 3, column 1: expected a key in double quotes'],
  ['{ "ldap": { "port": 1 }', 'line 1, column 24: the file ends here, expected "," or "}"'],
  ['{\n  // trial\n}', 'line 2, column 3: JSON has no comments'],
  ['{ "a": hush }', 'line 1, column 8: expected a value'],
  ['{ "a": 1, "a": 2 }', 'line 1, column 11: the key "a" stands twice in one object'],
  ['{ "a": "hush\n" }', 'line 1, column 8: this text is not closed, or holds a line break or an unknown escape'],
  ['{} []', 'line 1, column 4: nothing may follow the closing brace'],
  ['', 'line 1, column 1: the file ends here, expected a value'],
])('says where %j is not JSON', async (text, expected) => {
  expect(await problemsOf(text)).toEqual([expected])
})

test('reports every problem at once, with path, value and fix', async () => {
  const written = {
    baseDn: 3,
    ldap: {
      port: 99999,
      tls: { minVersion: 'TLSv1.0' },
      publicUrls: ['https://ldap.example.com'],
    },
    admin: { host: '0.0.0.0' },
    posix: { acceptRange: [60000, 1000] },
    passwords: { bcryptCost: 3 },
  }
  expect((await problemsOf(written)).toSorted()).toEqual([
    'admin.host: "0.0.0.0" is not a loopback address, and passwords would cross the network in clear; use 127.0.0.1, or admin.tls, or admin.trustProxy behind a proxy that does TLS',
    'baseDn: 3 is not a text in quotes',
    'ldap.port: 99999 is not a port (0 to 65535)',
    'ldap.publicUrls[0]: "https://ldap.example.com" is not an LDAP address such as "ldaps://ldap.example.com:636"',
    'ldap.tls.minVersion: "TLSv1.0" is not "TLSv1.2" or "TLSv1.3"',
    'passwords.bcryptCost: 3 is too small: at least 8',
    'posix.acceptRange: [60000, 1000] ends before it begins; write it as [1000, 60000]',
  ])
})

test('gives problems as data too', async () => {
  await expect(load({ ldap: { port: -1 } })).rejects.toMatchObject({
    problems: [{ path: 'ldap.port', value: '-1', message: 'is not a port (0 to 65535)' }],
  })
})

function oidc(changes: object): object {
  return { id: 'staff', name: 'Staff', issuer: 'https://login.example.com', clientId: 'rosterd', ...changes }
}

test.each([
  [{ ldap: { prot: 1 } }, 'ldap.prot: is not a known key; did you mean "port"?'],
  [{ providers: [entra({ fliters: {} })] }, 'providers[0].fliters: is not a known key; did you mean "filters"?'],
  [{ port: 1 }, 'port: is not a known key; did you mean "ldap.port", "ldap.tls.port" or "admin.port"?'],
  [{ log: { colour: true } }, 'log.colour: is not a known key; known here: level, operations'],
])('suggests what an unknown key was meant to be', async (written, expected) => {
  expect(await problemsOf(written)).toEqual([expected])
})

test.each([
  [
    { providers: [{ type: 'ldif', id: 'x', name: 'X' }] },
    'providers[0].path: is missing (string: LDIF file (RFC 2849), relative to the configuration file)',
  ],
  [
    { providers: [{ type: 'azure' }] },
    'providers[0].type: "azure" is not a provider type: "entra", "office365", "okta" or "ldif"',
  ],
  [{ providers: [entra({ credentials: [] })] }, 'providers[0].credentials: is empty'],
  [
    { providers: [{ id: 'a', type: 'okta', name: 'A', orgUrl: 'http://a.okta.com' }] },
    'providers[0].orgUrl: "http://a.okta.com" is not an https:// URL',
  ],
  [
    { providers: [{ id: 'a', type: 'okta', name: 'A', orgUrl: 'https://a.okta.com' }] },
    'providers[0].apiToken: is missing (an API token of the org)',
  ],
  [
    { providers: [entra(), entra()] },
    'providers[1].id: "contoso" is the id of providers[0] too; give each provider its own',
  ],
  [
    { binders: [binder(), binder({ name: 'SSSD' })] },
    'binders[1].name: "SSSD" is the name of binders[0] too (case does not count); give each binder its own',
  ],
  [
    { ldap: { tls: { certFile: 'a' } } },
    'ldap.tls.keyFile: is missing beside ldap.tls.certFile; set both, or neither for a certificate made in dataDir',
  ],
  [
    { smtp: { url: 'https://mail.example.com', from: 'rosterd@example.com' } },
    'smtp.url: [redacted] is not the address of a mail server such as "smtp://mail.example.com:587"',
  ],
  [
    { smtp: { url: 'smtp://user:hush@mail.example.com', from: 'rosterd@example.com' } },
    'smtp.url: [redacted] holds a user name or password; move them to smtp.username and smtp.password',
  ],
  [
    { smtp: { url: 'smtp://mail.example.com', from: 'Rosterd <rosterd@example.com>' } },
    'smtp.from: "Rosterd <rosterd@example.com>" is not a mail address such as "admin@example.com"',
  ],
  [
    { smtp: { url: 'smtp://mail.example.com', from: 'a@example.com', reportTo: ['a@example.com\r\nBcc: b@x'] } },
    'smtp.reportTo[0]: "a@example.com\\r\\nBcc: b@x" is not a mail address such as "admin@example.com"',
  ],
  [
    { smtp: { url: 'smtp://mail.example.com', from: 'a@example.com', username: 'a' } },
    'smtp.password: is missing beside smtp.username; set both',
  ],
  [
    {
      smtp: {
        url: 'smtp://mail.example.com',
        from: 'a@example.com',
        username: 'a',
        password: { env: 'MAIL' },
        requireTls: false,
      },
    },
    'smtp.requireTls: false could send smtp.password in clear; remove one of the two',
  ],
  [{ providers: [entra({ reportTo: ['a@example.com'] })] }, 'providers[0].reportTo: needs a mail server; set smtp'],
  [
    { providers: [entra({ enrollment: 'send-enrollment-email' })] },
    'providers[0].enrollment: "send-enrollment-email" needs a mail server; set smtp',
  ],
  [
    { notify: [{ url: 'http://hooks.example.com', secret: { env: 'HOOK' } }] },
    'notify[0].url: [redacted] is not an https:// URL (http:// on loopback) without user name and password',
  ],
  [
    { providers: [entra({ credentials: [{ kind: 'delegated' }, { kind: 'delegated' }] })] },
    'providers[0].credentials[1]: stands for all authorized accounts, as another one before it does; keep one of them',
  ],
  [
    { admin: { publicUrl: 'http://ldap.example.com' }, providers: [entra({ signIn: { clientId: 'me' } })] },
    'providers[0].signIn.clientId: "me" needs an address that people reach over https; set admin.publicUrl to it (it is "http://ldap.example.com")',
  ],
  [
    { providers: [entra({ signIn: { clientSecret: { env: 'SECRET' } } })] },
    'providers[0].signIn.clientSecret: belongs to no client; set signIn.clientId too',
  ],
  [
    { providers: [entra({ changeNotifications: true })] },
    'providers[0].changeNotifications: true needs an address that Microsoft reaches over https; set admin.publicUrl to it (it is "http://localhost:8080")',
  ],
  [
    { admin: { tls: { certFile: 'admin.pem', keyFile: 'admin.key' } } },
    'admin.publicUrl: "http://localhost:8080" is not an https:// address, and with admin.tls nothing else is answered',
  ],
  [
    { admin: { host: '0.0.0.0', trustProxy: ['10.0.0.5'], publicUrl: 'http://ldap.example.com' } },
    'admin.publicUrl: "http://ldap.example.com" is not an https:// address; let the proxy of admin.trustProxy do TLS',
  ],
  [
    { admin: { trustProxy: ['proxy.example.com'] } },
    'admin.trustProxy[0]: "proxy.example.com" is not an address or network such as "192.0.2.0/24" or "2001:db8::/32"',
  ],
  [
    { admin: { oidc: [oidc({ issuer: null })] } },
    'admin.oidc[0].issuer: is missing; set issuer, or tenantId for Entra ID',
  ],
  [
    { admin: { oidc: [oidc({ tenantId: '2f1c9d1e-7a55-4a0e-9a3b-0c8f6f1f0c11' })] } },
    'admin.oidc[0].issuer: "https://login.example.com" stands beside tenantId; keep one of the two',
  ],
  [
    { admin: { oidc: [oidc({ issuer: null, tenantId: 'contoso.example' })] } },
    'admin.oidc[0].tenantId: "contoso.example" is not the id of a tenant such as "2f1c9d1e-7a55-4a0e-9a3b-0c8f6f1f0c11"',
  ],
  [
    {
      admin: {
        oidc: [
          oidc({
            issuer: null,
            tenantId: '2f1c9d1e-7a55-4a0e-9a3b-0c8f6f1f0c11',
            admins: [{ user: 'ada@contoso.example', role: 'owner' }],
          }),
        ],
      },
    },
    'admin.oidc[0].admins[0].user: "ada@contoso.example" is not the object id of a person in Entra ID, in lower case',
  ],
  [
    { admin: { oidc: [oidc({ admins: [{ mail: 'ada@example.com', role: 'owner' }] })] } },
    'admin.oidc[0].admins[0]: is not an administrator: use { "user": "ID", "role": "auditor" } or { "group": "ID", "role": "auditor" }',
  ],
  [
    { admin: { oidc: [oidc({}), oidc({})] } },
    'admin.oidc[1].id: "staff" is the id of admin.oidc[0] too; give each its own',
  ],
  [
    { admin: { publicUrl: 'http://ldap.example.com', oidc: [oidc({})] } },
    'admin.oidc[0].clientId: "rosterd" needs an address that administrators reach over https; set admin.publicUrl to it (it is "http://ldap.example.com")',
  ],
  [
    { ldap: { front: 'ldapjs', tls: { clientCaFile: 'clients.pem' } } },
    'ldap.front: "ldapjs" does not ask for certificates of clients; use "wire", or remove ldap.tls.clientCaFile',
  ],
  [{ admin: { trustProxy: ['0.0.0.0/0'] } }, 'admin.trustProxy[0]: "0.0.0.0/0" is every address; name the proxies'],
  [[], ' is not an object in braces'],
])('refuses %j', async (written, expected) => {
  expect(await problemsOf(written)).toEqual([expected.trimStart()])
})

test('the secret of an event hook is read from where it is, and never from the file itself on an open listener', async () => {
  const okta = (secret: unknown) => ({
    id: 'acme',
    type: 'okta',
    name: 'Acme',
    orgUrl: 'https://acme.okta.com',
    apiToken: { env: 'ACME_TOKEN' },
    eventHook: { secret },
  })
  const { config, folder } = await load({ providers: [okta({ file: 'hook.secret' })] })
  expect(config.providers).toMatchObject([{ eventHook: { secret: { file: join(folder, 'hook.secret') } } }])
  const [problem] = await problemsOf({ ldap: { host: '0.0.0.0' }, providers: [okta('hush')] })
  expect(problem).toContain('providers[0].eventHook.secret: [redacted] stands in the file itself')
})

test('accepts a provider with nothing but authorized accounts', async () => {
  const { config } = await load({ providers: [entra({ credentials: [{ kind: 'delegated' }] })] })
  expect(config.providers).toMatchObject([{ credentials: [{ kind: 'delegated' }] }])
})

test('runs the checks it is given, on a file with other problems too', async () => {
  const checks = [() => [{ path: 'baseDn', value: '"x"', message: 'is not a DN' }]]
  expect(await problemsOf({ baseDn: 'x' }, { checks })).toEqual(['baseDn: "x" is not a DN'])
  expect(await problemsOf({ ldap: { port: 'x' } }, { checks })).toEqual([
    'ldap.port: "x" is not a port (0 to 65535)',
    'baseDn: "x" is not a DN',
  ])
})

test('accepts a literal secret only where every listener is on loopback', async () => {
  const providers = [entra({ credentials: [{ kind: 'application', clientSecret: 'hush' }] })]
  const binders = [binder({ password: 'hush' })]
  expect(await problemsOf({ providers, binders })).toEqual([])
  const problems = await problemsOf({ ldap: { host: '::' }, providers, binders })
  expect(problems).toEqual([
    expect.stringMatching(/^binders\[0\]\.password: \[redacted\] stands in the file itself/),
    expect.stringMatching(/^providers\[0\]\.credentials\[0\]\.clientSecret: \[redacted\] stands in the file itself/),
  ])
})

test('never prints a secret, wherever it was written', async () => {
  const written = {
    apiToken: 'hush-1',
    ldap: { host: '0.0.0.0', password: 'hush-2' },
    providers: [
      entra({ credentials: [{ kind: 'application', clientSecert: 'hush-3' }] }),
      entra({ credentials: 'hush-4' }),
      { id: 'a', type: 'okta', name: 'A', orgUrl: 'https://a', apiToken: ['hush-5'] },
    ],
    binders: [binder({ password: '' }), binder({ password: { evn: 'hush-7' } })],
    smtp: { url: 'smtp://user:hush-8@x' },
    notify: ['https://x/?token=hush-9'],
  }
  const problems = await problemsOf(written)
  expect(problems.length).toBeGreaterThan(7)
  expect(problems.join()).not.toContain('hush')
})

test('reports secrets that cannot be had when they are needed', async () => {
  const written = {
    binders: [
      binder(),
      binder({ name: 'b', password: { file: 'secret' } }),
      binder({ name: 'c', password: { file: 'empty' } }),
    ],
  }
  const files = { empty: '\n' }
  expect(await problemsOf(written, { files })).toEqual([])
  expect(await problemsOf(written, { files, requireSecrets: true })).toEqual([
    'binders[0].password: the environment variable SSSD is not set',
    expect.stringMatching(/^binders\[1\]\.password: the secret file ".*\/secret" does not exist$/),
    expect.stringMatching(/^binders\[2\]\.password: the secret file ".*\/empty" is empty$/),
  ])
  const env = { SSSD: 'x' }
  expect(await problemsOf({ binders: [binder()] }, { env, requireSecrets: true })).toEqual([])
})
