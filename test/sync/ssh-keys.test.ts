import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdministeredServer, startAdministeredServer } from '../builders/administered-server.ts'
import { describeWithTool } from '../builders/required-tool.ts'

/* GET /sshkeys/, as AuthorizedKeysCommand of sshd asks it. */

const key = (comment: string) =>
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVvVTGm0ZcOBvVLTPsp5lWYfWmEGlA8QLpp7Rj1fUPr ${comment}`

const person = (dn: string, uid: string, ...more: readonly string[]) =>
  [
    `dn: ${dn}`,
    'objectClass: inetOrgPerson',
    'objectClass: posixAccount',
    'objectClass: ldapPublicKey',
    `uid: ${uid}`,
    `cn: ${uid}`,
    `sn: ${uid}`,
    'uidNumber: 10001',
    'gidNumber: 10000',
    `homeDirectory: /home/${uid}`,
    ...more,
    '',
  ].join('\n')

const people = [
  'dn: ou=staff,dc=example,dc=com\nobjectClass: organizationalUnit\nou: staff\n',
  person('uid=ada,ou=people,dc=example,dc=com', 'ada', `sshPublicKey: ${key('ada@laptop')}`),
  person('uid=eve,ou=people,dc=example,dc=com', 'eve', `sshPublicKey: command="sh" ${key('eve')}`),
  person('cn=Grace,ou=staff,dc=example,dc=com', 'grace', `sshPublicKey: ${key('grace@desk')}`),
  person('uid=gone,ou=people,dc=example,dc=com', 'gone', `sshPublicKey: ${key('gone')}`, 'shadowExpire: 1'),
  person('uid=twin,ou=staff,dc=example,dc=com', 'twin', `sshPublicKey: ${key('twin')}`),
  person('cn=Twin,ou=staff,dc=example,dc=com', 'twin', `sshPublicKey: ${key('twin')}`),
  'dn: cn=ops,ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: ops\nmember: uid=ada,ou=people,dc=example,dc=com\n',
].join('\n')

let folder: string
let server: AdministeredServer
let token: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-ssh-keys-'))
  await writeFile(join(folder, 'people.ldif'), people)
  const file = { id: 'file', type: 'ldif', name: 'File', path: join(folder, 'people.ldif') }
  server = await startAdministeredServer({ providers: [file] })
  const auditor = { name: 'hosts', role: 'auditor', expiresAt: null } as const
  token = await server.administrators.apiTokens.create(auditor, root, { role: 'owner', expiresAt: null })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const root = { name: 'root', address: null }
const asked = (query: string, init: RequestInit = {}) =>
  fetch(`${server.origin}/sshkeys/${query}`, { headers: { authorization: `Bearer ${token}` }, ...init })
const keysOf = async (user: string) => {
  const answer = await asked(`?hostname=web1&user=${encodeURIComponent(user)}`)
  return [answer.status, await answer.text()]
}

test('before the providers have been read nobody is unknown', async () => {
  expect((await asked('?user=ada')).status).toBe(503)
  expect(await server.workspace.engine.run('file', { trigger: 'test' })).toMatchObject({ error: null })
  expect((await asked('?user=ada')).status).toBe(200)
})

test('the keys of a person come one a line, whatever the case of the name and wherever the entry is', async () => {
  expect(await keysOf('ada')).toEqual([200, `${key('ada@laptop')}\n`])
  expect(await keysOf('ADA')).toEqual([200, `${key('ada@laptop')}\n`])
  expect(await keysOf('Grace')).toEqual([200, `${key('grace@desk')}\n`])
})

test.each(['nobody', 'gone', 'twin', 'ops', 'eve', 'ada,ou=people', '*', 'ada\0', 'a\u00ADda', ' ada', '#', ' '])(
  'of %j there is nothing',
  async (user) => {
    expect(await keysOf(user)).toEqual([200, ''])
  },
)

test('who is blocked has none until the block is lifted', async () => {
  const { people } = server.administration
  const [ada] = [...(await people.roster.people({ search: 'ada' })).rows()]
  await people.block(ada?.id ?? '', { reason: 'lost laptop', until: undefined }, root)
  expect(await keysOf('ada')).toEqual([200, ''])
  await people.unblock(ada?.id ?? '', root)
  expect(await keysOf('ada')).toEqual([200, `${key('ada@laptop')}\n`])
})

test('it is plain text that nobody may keep, and answers HEAD', async () => {
  const answer = await asked('?user=ada', {
    method: 'HEAD',
    headers: { authorization: `Bearer ${token}` },
  })
  const names = ['content-type', 'cache-control', 'content-length']
  expect([answer.status, ...names.map((name) => answer.headers.get(name))]).toEqual([
    200,
    'text/plain; charset=utf-8',
    'no-store',
    String(key('ada@laptop').length + 1),
  ])
})

test('a token is needed, in the header', async () => {
  const without = await asked('?user=ada', { headers: {} })
  expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="Rosterd"'])
  expect((await asked(`?user=ada&token=${token}`, { headers: {} })).status).toBe(401)
  expect((await asked('?user=ada', { headers: { authorization: 'Bearer rosterd_x_y' } })).status).toBe(401)
  expect((await asked('')).status).toBe(400)
  expect((await asked('?user=ada', { method: 'POST', headers: {} })).status).toBe(405)
})

test('metrics are given to a token, whatever its role, and to this machine', async () => {
  const status = async (headers: Readonly<Record<string, string>>) =>
    (await fetch(`${server.origin}/metrics`, { headers })).status
  expect(await status({})).toBe(200)
  expect(await status({ authorization: `Bearer ${token}` })).toBe(200)
  expect(await status({ authorization: 'Bearer rosterd_x_y' })).toBe(401)
})

describeWithTool('curl', 'the script of the manual', () => {
  const section = /^#### Keys without sssd$(?<text>.*?)^#{1,4} /ms
  const block = (text: string, path: string) =>
    new RegExp(`\\\`${path}\\\`[^\\n]*\\n\\n\`\`\`\\w*\\n(?<text>.*?)\`\`\``, 's').exec(text)?.groups?.['text'] ?? ''

  test('gives sshd the keys, and fails when it may not ask', async () => {
    const manual = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'interoperability.md'), 'utf8')
    const script = block(section.exec(manual)?.groups?.['text'] ?? '', '/usr/local/sbin/rosterd-ssh-keys')
    const [path, header] = [join(folder, 'rosterd-ssh-keys'), join(folder, 'token')]
    await writeFile(
      path,
      script.replace('https://ldap.example.com', server.origin).replace('/etc/ssh/rosterd-token', header),
    )
    await chmod(path, 0o755)
    const run = () => promisify(execFile)(path, ['ada'])
    await writeFile(header, `Authorization: Bearer ${token}\n`, { mode: 0o600 })
    expect((await run()).stdout).toBe(`${key('ada@laptop')}\n`)
    await writeFile(header, 'Authorization: Bearer rosterd_x_y\n')
    await expect(run()).rejects.toMatchObject({ code: 22, stdout: '' })
  })
})
