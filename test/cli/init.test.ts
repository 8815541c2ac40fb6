import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { configuredFolder, rosterd, runProgram } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'

const ports = ['--ldap-port', '0', '--ldaps-port', '0', '--admin-port', '0']

/** A folder without a configuration, in which commands run. */
async function emptyFolder() {
  const folder = await configuredFolder()
  const path = join(folder.path, 'new')
  const configFile = join(path, 'ldap.config.json')
  return {
    path,
    configFile,
    init: (...args: string[]) => runProgram(rosterd, ['--config', configFile, 'init', ...args]),
    config: async () => JSON.parse(await readFile(configFile, 'utf8')) as object,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

test('serve starts with what init wrote, and the service account binds with the password of its file', async () => {
  await using folder = await configuredFolder()
  const made = await folder.run(
    'init',
    '--force',
    ...ports,
    '--provider',
    'ldif',
    '--ldif',
    'people.ldif',
    '--binder',
    'reader',
  )
  expect(made).toMatchObject({ exitCode: 0, stderr: '' })
  expect(made.stdout).toMatch(
    /^Written: \S+ldap.config.json\nWritten: \S+secrets\/binder-reader, mode 0600\n\nok {3}configuration: /,
  )
  expect(made.stdout).toMatch(/\nok {3}provider ldif: read file: 9 entries\n\nNext:\n {2}rosterd --config \S+ serve\n/)
  const password = await readFile(join(folder.path, 'secrets/binder-reader'), 'utf8')
  expect(password).toMatch(/^[\w-]{24}$/)
  expect(made.stdout + (await readFile(folder.configFile, 'utf8'))).not.toContain(password)
  await using server = await folder.serve()
  await using client = await RawLdapClient.connect(server.ports.ldap)
  expect((await client.bind('cn=reader,ou=services,dc=example,dc=com', password)).resultCode).toBe(0)
})

test('init without a terminal takes defaults for what was not said, and asks nothing', async () => {
  await using folder = await emptyFolder()
  const made = await folder.init('--json')
  expect(made).toMatchObject({ exitCode: 0, stderr: '' })
  expect(JSON.parse(made.stdout)).toMatchObject({ files: [folder.configFile], check: { ok: true } })
  expect(await folder.config()).toMatchObject({
    $schema: expect.stringContaining('config.schema.json'),
    baseDn: 'dc=example,dc=com',
    ldap: { host: '127.0.0.1', port: 3890 },
    providers: [],
    binders: [],
  })
})

test('a network listener has the public name; the admin page leaves the machine with a certificate only', async () => {
  await using folder = await emptyFolder()
  await folder.init('--public-host', 'ldap.example.org', '--offline')
  expect(await folder.config()).toMatchObject({
    ldap: { host: '0.0.0.0', publicUrls: ['ldap://ldap.example.org:3890', 'ldaps://ldap.example.org:6360'] },
    admin: { host: '127.0.0.1' },
  })
  const files = ['--cert', 'tls.pem', '--key', 'tls.key']
  const made = await folder.init('--force', '--public-host', 'ldap.example.org', '--offline', ...files)
  expect(made).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('tls.pem') })
  expect(await folder.config()).toMatchObject({
    admin: {
      host: '0.0.0.0',
      publicUrl: 'https://ldap.example.org:8080',
      tls: { certFile: 'tls.pem', keyFile: 'tls.key' },
    },
  })
})

describe('a cloud provider', () => {
  const entra = [
    '--provider',
    'entra',
    '--tenant-id',
    'a0000000-0000-4000-8000-000000000001',
    '--client-id',
    'c',
    '--offline',
  ]

  test('has its secret in a variable or a file; one that is not there yet fails the check, not the writing', async () => {
    await using folder = await emptyFolder()
    const made = await folder.init(...entra, '--provider-id', 'contoso', '--secret-env', 'ROSTERD_TEST_NO_SUCH')
    expect(made).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('the environment variable ROSTERD_TEST_NO_SUCH is not set'),
    })
    expect(await folder.config()).toMatchObject({
      providers: [{ id: 'contoso', credentials: [{ clientSecret: { env: 'ROSTERD_TEST_NO_SUCH' } }] }],
    })
    await writeFile(join(folder.path, 'token'), 'secret')
    const okta = ['--provider', 'okta', '--org-url', 'https://acme.okta.com', '--secret-file', 'token', '--offline']
    expect(await folder.init('--force', ...okta)).toMatchObject({ exitCode: 0 })
    expect(await folder.config()).toMatchObject({ providers: [{ type: 'okta', apiToken: { file: 'token' } }] })
  })

  test('is authorized with a link where it has no secret', async () => {
    await using folder = await emptyFolder()
    const { stdout } = await folder.init(...entra, '--delegated')
    expect(stdout).toContain('provider authorize entra')
    expect(await folder.config()).toMatchObject({ providers: [{ credentials: [{ kind: 'delegated' }] }] })
  })

  test('needs what it needs, and no secret is taken as an option', async () => {
    await using folder = await emptyFolder()
    expect((await folder.init('--provider', 'okta')).stderr).toContain('name it with --org-url')
    expect((await folder.init(...entra)).stderr).toContain('--secret-env or --secret-file')
    expect((await folder.init('--cert', 'a', '--public-host', 'b')).stderr).toContain('--cert and --key go together')
    await expect(readdir(folder.path)).rejects.toThrow('ENOENT')
  })
})

test('a configuration that is there is replaced with --force only, and one that is not valid is not written', async () => {
  await using folder = await configuredFolder()
  const before = await readFile(folder.configFile, 'utf8')
  expect(await folder.run('init')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('is there already; name another with --config, or replace it with --force'),
  })
  expect(await folder.run('init', '--force', '--base-dn', 'dc=x,,dc=y', '--binder', 'b')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('ldap.config.json was not written: baseDn: "dc=x,,dc=y" is not a DN'),
  })
  expect(await readFile(folder.configFile, 'utf8')).toBe(before)
  expect((await readdir(folder.path)).toSorted()).toEqual(['ldap.config.json', 'people.ldif'])
})

/** Runs a command at a terminal and types each answer once its question stands there. */
async function atTerminal(command: string, dialogue: readonly (readonly [question: string, answer: string])[]) {
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: 'pipe' })
  let shown = ''
  let from = 0
  let next = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    const [question = '', answer = ''] = dialogue[next] ?? []
    const at = next < dialogue.length ? shown.indexOf(question, from) : -1
    if (at < 0) return
    from = at + question.length
    next += 1
    child.stdin.write(`${answer}\r`)
  })
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, shown, answered: next }
}

test('on a terminal init asks, asks again for what cannot be, and does not show a secret', async () => {
  await using folder = await emptyFolder()
  const dialogue = [
    ['Base DN [dc=example,dc=com]: ', 'dc=acme,,dc=example'],
    ['is not a DN', 'dc=acme,dc=example'],
    ['Organization [Example]: ', 'Acme'],
    ['Folder of the store [./data]: ', ''],
    ['(trial, network) [trial]: ', 'sometimes'],
    ['one of trial, network', 'trial'],
    ['(entra, office365, okta, ldif, none) [none]: ', 'okta'],
    ['never to be changed [okta]: ', 'acme'],
    ['Its name for people [acme]: ', 'Acme Okta'],
    ['Address of the org, such as https://acme.okta.com: ', 'https://acme.okta.example'],
    ['API token (not shown): ', 'token-that-is-secret'],
    ['Name of a first service account, or "none" [reader]: ', 'none'],
  ] as const
  const told = await atTerminal(`'${rosterd}' --config '${folder.configFile}' init --offline`, dialogue)
  expect(told).toMatchObject({ exitCode: 0, answered: dialogue.length })
  expect(told.shown).toContain('dc=acme,dc=example')
  expect(told.shown).not.toContain('token-that-is-secret')
  expect(await folder.config()).toMatchObject({
    baseDn: 'dc=acme,dc=example',
    organization: 'Acme',
    dataDir: './data',
    providers: [{ id: 'acme', name: 'Acme Okta', apiToken: { file: 'secrets/acme-api-token' } }],
    binders: [],
  })
  const file = join(folder.path, 'secrets/acme-api-token')
  expect([await readFile(file, 'utf8'), (await stat(file)).mode & 0o777]).toEqual(['token-that-is-secret', 0o600])
})
