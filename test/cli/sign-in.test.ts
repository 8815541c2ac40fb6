import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareSync } from 'bcryptjs'
import { Secret, TOTP } from 'otpauth'
import { expect, test } from 'vitest'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { element } from '../../server/protocol/ber-writer.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { bindOperation, control, extendedOperation } from '../builders/client-requests.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { filesBelow, findSecrets, recordsOf } from '../builders/secret-search.ts'

const ada = 'uid=ada,ou=people,dc=example,dc=com'

async function connect(folder: ConfiguredFolder, { ports }: ServingProcess): Promise<RawLdapClient> {
  const ca = await readFile(join(folder.path, 'data', 'tls', 'ca.pem'), 'utf8')
  return await RawLdapClient.connectTls(ports.ldaps, { ca, servername: 'localhost' })
}

test('a running server takes app passwords and codes, each code once, from the moment there are any', async () => {
  await using folder = await configuredFolder()
  await using server = await folder.serve()
  await using client = await connect(folder, server)
  const bind = async (password: string) => (await client.bind(ada, password)).resultCode
  expect(await bind('ada-secret')).toBe(ResultCode.success)
  const added = await folder.run('user', 'app-password', 'add', 'ada', '--name', 'phone')
  const [appPassword = ''] = /[a-z2-7]{8}(-[a-z2-7]{4}){5}/.exec(added.stdout) ?? []
  expect(await bind(appPassword)).toBe(ResultCode.success)
  const begun = await folder.run('user', 'totp', 'begin', 'ada', '--json')
  const { secret } = JSON.parse(begun.stdout) as { secret: string }
  const totp = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
  const confirmed = await folder.run('user', 'totp', 'confirm', 'ada', totp.generate())
  const codes = confirmed.stdout.match(/[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}/g) ?? []
  expect(codes).toHaveLength(10)
  expect(await bind('ada-secret')).toBe(ResultCode.invalidCredentials)
  expect(await bind(`wrong,${codes[0]}`)).toBe(ResultCode.invalidCredentials)
  expect(await bind(`ada-secret,${codes[0]}`)).toBe(ResultCode.success)
  expect(await bind(`ada-secret,${codes[0]}`)).toBe(ResultCode.invalidCredentials)
  expect(await bind(appPassword)).toBe(ResultCode.success)
  await folder.run('user', 'block', 'ada', '--reason', 'left')
  expect(await bind(appPassword)).toBe(ResultCode.invalidCredentials)
  expect(await bind(`ada-secret,${codes[1]}`)).toBe(ResultCode.invalidCredentials)
})

test('a password in clear text is in the file alone', async () => {
  await using folder = await configuredFolder({ passwords: { upgradeImported: false } })
  {
    await using server = await folder.serve()
    await using client = await connect(folder, server)
    expect((await client.bind(ada, 'ada-secret')).resultCode).toBe(ResultCode.success)
    expect((await client.bind(ada, 'ada-Secret')).resultCode).toBe(ResultCode.invalidCredentials)
    expect(await server.stop('SIGTERM')).toBe(0)
  }
  const secrets = new Map([['password of Ada', 'ada-secret']])
  const data = join(folder.path, 'data')
  const places = [...(await filesBelow(data)), ...(await recordsOf(join(data, 'db')))]
  expect(places.length).toBeGreaterThan(20)
  expect(findSecrets(secrets, places)).toEqual([])
})

test('a running server upgrades the passwords of a file', async () => {
  await using folder = await configuredFolder()
  const server = await folder.serve()
  {
    await using client = await connect(folder, server)
    expect((await client.bind(ada, 'ada-secret')).resultCode).toBe(ResultCode.success)
  }
  expect(await server.stop('SIGTERM')).toBe(0)
  await using store = await openLevelStore(join(folder.path, 'data', 'db'))
  const hashes: string[] = []
  for await (const { value } of store.list('credential')) hashes.push((value as { hash: string }).hash)
  expect(hashes.filter((hash) => hash.startsWith('$2') && compareSync('ada-secret', hash))).toHaveLength(1)
  expect(hashes).not.toContain('ada-secret')
})

test('a running server says of whom the password is kept in a file that it is changed there', async () => {
  await using folder = await configuredFolder({ ldap: { port: 0, tls: { port: 0 }, passwordModify: true } })
  await using server = await folder.serve()
  await using client = await connect(folder, server)
  const policy = control(Oid.passwordPolicy, false)
  expect((await client.request(1, bindOperation(ada, 'ada-secret'), policy)).resultCode).toBe(ResultCode.success)
  const part = (tag: number, text: string) => element(tag, Buffer.from(text))
  const change = extendedOperation(
    Oid.passwordModify,
    element(0x30, part(0x81, 'ada-secret'), part(0x82, 'seven quiet lanterns rowing')),
  )
  expect(await client.request(2, change, policy)).toMatchObject({
    resultCode: ResultCode.unwillingToPerform,
    diagnosticMessage: 'The password is kept in the file of Seed; change it there.',
  })
})

test('a code is taken once, however many connections bring it at the same moment', async () => {
  await using folder = await configuredFolder()
  await using server = await folder.serve()
  const user = (...args: readonly string[]) => folder.run('user', ...args)
  const { secret } = JSON.parse((await user('totp', 'begin', 'ada', '--json')).stdout) as { secret: string }
  const totp = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
  const confirmed = await user('totp', 'confirm', 'ada', totp.generate(), '--json')
  const { recoveryCodes } = JSON.parse(confirmed.stdout) as { recoveryCodes: readonly string[] }
  for (const code of [totp.generate({ timestamp: Date.now() + 30_000 }), recoveryCodes[0] ?? '']) {
    const clients = await Promise.all(Array.from({ length: 40 }, () => RawLdapClient.connect(server.ports.ldap)))
    const answers = await Promise.all(clients.map((client) => client.bind(ada, `ada-secret,${code}`)))
    for (const client of clients) client.destroy()
    expect(answers.filter(({ resultCode }) => resultCode === ResultCode.success)).toHaveLength(1)
  }
})

test('a block that was acknowledged holds after a power cut in the same moment', async () => {
  await using folder = await configuredFolder()
  const server = await folder.serve()
  await using client = await RawLdapClient.connect(server.ports.ldap)
  expect((await client.bind(ada, 'ada-secret')).resultCode).toBe(ResultCode.success)
  expect(await folder.run('user', 'block', 'ada', '--reason', 'laptop stolen')).toMatchObject({ exitCode: 0 })
  await server.stop('SIGKILL')
  await using again = await folder.serve()
  await using other = await RawLdapClient.connect(again.ports.ldap)
  expect((await other.bind(ada, 'ada-secret')).resultCode).toBe(ResultCode.invalidCredentials)
})
