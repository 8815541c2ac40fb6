import { expect, test } from 'vitest'
import { configuredFolder } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'

/* Loopback counts here as everything else does, so that clients can have addresses: 127.0.0.x. */

const password = 'ada-secret'
const ada = 'uid=ada,ou=people,dc=example,dc=com'
const host = '127.0.0.10'
const attacker = '127.0.0.66'

async function folderOfAda() {
  const folder = await configuredFolder({
    ldap: { port: 0, throttleLoopback: true, tls: { port: null } },
    providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }],
  })
  expect(await folder.run('sync')).toMatchObject({ exitCode: 0 })
  return folder
}

async function bindCode(port: number, from: string, secret: string, name = ada): Promise<number> {
  await using client = await RawLdapClient.connect(port, from)
  return (await client.bind(name, secret)).resultCode
}

test('who guesses is refused, also after a restart and with the right password, until it is cleared; the person is not', async () => {
  await using folder = await folderOfAda()
  {
    await using server = await folder.serve()
    const { ldap } = server.ports
    for (let i = 0; i < 11; i += 1) expect(await bindCode(ldap, attacker, `guess ${i}`)).toBe(49)
    expect(await bindCode(ldap, attacker, password)).toBe(49)
    expect(await bindCode(ldap, host, password)).toBe(0)
    await server.printed('too many wrong passwords from this address, next try ')
    expect(await server.stop('SIGTERM')).toBe(0)
  }
  const listed = await folder.run('throttle', 'list')
  expect(listed.stdout).toContain(`${ada} from ${attacker}: 11 wrong passwords, the last `)
  expect(listed.stdout).toContain(`all accounts from ${attacker}: 1 account failed, the last `)
  expect(listed.stdout).not.toContain(host)
  await using server = await folder.serve()
  const { ldap } = server.ports
  await bindCode(ldap, attacker, 'the guess after the restart') // refused unread, or the twelfth
  expect(await bindCode(ldap, attacker, password)).toBe(49)
  expect(await bindCode(ldap, host, password)).toBe(0)
  expect(await folder.run('throttle', 'clear', 'ada')).toMatchObject({
    exitCode: 0,
    stdout: 'Forgotten: 2 counts of failed binds.\n',
  })
  expect(await bindCode(ldap, attacker, password)).toBe(0)
})

test('throttle clear takes an address, or all, and says what is missing', async () => {
  await using folder = await folderOfAda()
  {
    await using server = await folder.serve()
    for (const name of [ada, 'grace', 'nobody']) await bindCode(server.ports.ldap, attacker, 'a guess', name)
    await bindCode(server.ports.ldap, host, 'a guess')
    await server.stop('SIGTERM')
  }
  type Listed = { readonly account: string | null; readonly network: string | null; readonly count: number }[]
  const list = async () => JSON.parse((await folder.run('throttle', 'list', '--json')).stdout) as Listed
  expect((await list()).filter(({ account }) => account === null)).toMatchObject([
    { network: host, count: 1 },
    { network: attacker, count: 3 },
  ])
  await folder.run('throttle', 'clear', attacker)
  const left = (await list()).filter(({ network }) => network !== null)
  // One bind, counted twice: maybe not within the same millisecond.
  expect(left.toSorted((a, b) => Number(a.account === null) - Number(b.account === null))).toMatchObject([
    { account: ada, network: host, count: 1 },
    { account: null, network: host },
  ])
  expect(await folder.run('throttle', 'clear', '--all')).toMatchObject({ exitCode: 0 })
  expect((await folder.run('throttle', 'list')).stdout).toBe('No failed binds count.\n')
  expect(await folder.run('throttle', 'clear')).toMatchObject({
    exitCode: 1,
    stderr: 'rosterd: say whose failed binds to forget: a user name, an address, the name of a binder, or --all\n',
  })
})
