import { expect, test } from 'vitest'
import { configuredFolder } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader } from '../builders/running-ldap-server.ts'

interface NewSecret {
  readonly dn: string
  readonly secret: string
}

async function synced() {
  const folder = await configuredFolder()
  expect(await folder.run('sync')).toMatchObject({ exitCode: 0 })
  const made = async (...args: readonly string[]) =>
    JSON.parse((await folder.run('binder', ...args, '--json')).stdout) as NewSecret
  return { folder, made }
}

test('a binder that was added binds at once and reads what it may, and nothing when it is removed', async () => {
  const { folder, made } = await synced()
  await using _ = folder
  await using server = await folder.serve()
  const { dn, secret } = await made(
    'add',
    'vpn',
    '--subtree',
    'ou=people,dc=example,dc=com',
    '--attributes',
    'uid',
    'mail',
  )
  expect(dn).toBe('cn=vpn,ou=services,dc=example,dc=com')
  expect(secret).toMatch(/^[a-z2-7]{8}(-[a-z2-7]{8}){3}$/)
  await using client = await RawLdapClient.connect(server.ports.ldap)
  expect((await client.bind('CN=VPN, dc=example,dc=com', secret)).resultCode).toBe(0)
  const { entries } = await client.search({ filter: '(uid=ada)' })
  expect(entries.flatMap(({ attributes }) => [...attributes.keys()])).toEqual(['objectClass', 'uid', 'mail'])
  expect((await client.search({ filter: '(objectClass=groupOfNames)' })).entries).toEqual([])
  expect(await folder.run('binder', 'remove', 'VPN')).toMatchObject({ exitCode: 0, stdout: 'Binder VPN is removed.\n' })
  const farewell = await client.search({ filter: '(uid=ada)' })
  expect(farewell).toMatchObject({ messageId: 0, resultCode: 8, entries: [] })
  await client.closed()
  await using again = await RawLdapClient.connect(server.ports.ldap)
  expect((await again.bind(dn, secret)).resultCode).toBe(49)
  expect((await folder.run('binder', 'list')).stdout).not.toContain('vpn')
})

test('rotation: both secrets work until the old one ends, also for who is bound with it, and it is told which client still uses it', async () => {
  const { folder, made } = await synced()
  await using _ = folder
  const first = await made('add', 'vpn')
  const second = { dn: '', secret: '' }
  const bind = async (port: number, secret: string, from?: string) => {
    await using client = await RawLdapClient.connect(port, from)
    return (await client.bind(first.dn, secret)).resultCode
  }
  {
    await using server = await folder.serve()
    Object.assign(second, await made('rotate', 'vpn'))
    expect(second.secret).not.toBe(first.secret)
    expect(await bind(server.ports.ldap, first.secret, '127.0.0.21')).toBe(0)
    expect(await bind(server.ports.ldap, second.secret, '127.0.0.22')).toBe(0)
    expect(await server.stop('SIGTERM')).toBe(0)
  }
  const { stdout } = await folder.run('binder', 'list')
  expect(stdout).toMatch(
    /vpn: whole tree\n  secret \S+: used by 127\.0\.0\.22 \(\S+\)\n  secret \S+, ends \S+: used by 127\.0\.0\.21 \(\S+\)\n/,
  )
  expect(stdout).toContain('reader (configuration file) UNUSED: whole tree\n  secret configuration: never used\n')
  await using server = await folder.serve()
  await using early = await RawLdapClient.connect(server.ports.ldap)
  expect((await early.bind(first.dn, second.secret)).resultCode).toBe(0)
  const third = await made('rotate', 'vpn', '--overlap-days', '0')
  expect(await early.search({})).toMatchObject({ messageId: 0, resultCode: 8, entries: [] })
  expect(await bind(server.ports.ldap, first.secret)).toBe(49)
  expect(await bind(server.ports.ldap, second.secret)).toBe(49)
  expect(await bind(server.ports.ldap, third.secret)).toBe(0)
  const output = `${stdout}${server.lines.join('\n')}`
  for (const { secret } of [first, second, third]) expect(output).not.toContain(secret)
})

test('limits of a binder hold, and what is wrong with them is said', async () => {
  const { folder, made } = await synced()
  await using _ = folder
  await using server = await folder.serve()
  const near = await made('add', 'near', '--network', '127.0.0.30/31', '--grant', 'mayNotSearch')
  const bindFrom = async (from: string) => {
    await using client = await RawLdapClient.connect(server.ports.ldap, from)
    const bound = await client.bind(near.dn, near.secret)
    return [bound.resultCode, (await client.search({ filter: '(uid=ada)' })).resultCode]
  }
  expect(await bindFrom('127.0.0.31')).toEqual([0, 50])
  expect(await bindFrom('127.0.0.32')).toEqual([49, 0])
  const problem = async (...args: readonly string[]) => {
    const { exitCode, stderr } = await folder.run('binder', ...args)
    expect([args, exitCode]).toEqual([args, 1])
    return stderr
  }
  expect(await problem('add', 'near')).toContain('There is a binder "near" already')
  expect(await problem('add', reader.name.toUpperCase())).toContain('already; use another name')
  expect(await problem('add', 'no spaces')).toContain('is not a binder name')
  expect(await problem('add', 'x', '--network', '10.0.0.0/33')).toContain(
    '"10.0.0.0/33" has a prefix that is not 0 to 32',
  )
  expect(await problem('add', 'x', '--filter', '(uid=*)')).toContain('--filter needs --subtree')
  expect(await problem('add', 'x', '--subtree', 'nonsense')).toContain('"nonsense"')
  expect(await problem('add', 'x', '--subtree', 'dc=example', '--filter', '(uid')).toContain('"(uid"')
  expect(await problem('add', 'x', '--grant', 'everything')).toContain('grants')
  expect(await problem('rotate', reader.name)).toContain('is in the configuration file')
  expect(await problem('remove', 'nobody')).toContain('There is no binder "nobody"')
  expect(await problem('rotate', 'near', '--overlap-days', '-1')).toContain('whole number')
})
