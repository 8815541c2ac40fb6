import { describe, expect, test } from 'vitest'
import type { Authenticator } from '../../server/directory/authentication/authenticator.ts'
import type { BindOrigin } from '../../server/directory/authentication/bind-check.ts'
import { LdapError } from '../../server/protocol/ldap-error.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, startTestLdapServer } from '../builders/running-ldap-server.ts'

const ada = 'uid=ada,ou=people,dc=example,dc=com'
const zoe = 'uid=zoë,ou=people,dc=example,dc=com'
const zoeUuid = '00000000-0000-4000-8000-000000000005'
const reasonsOf = (lines: readonly string[]) =>
  lines.map((line) => (JSON.parse(line) as { reason?: string }).reason).filter((reason) => reason !== undefined)

describe('what a bind is answered', () => {
  test('a provider that does not answer is unavailable, and the log says why', async () => {
    await using server = await startTestLdapServer({
      signIn: { checkAtProvider: () => Promise.resolve({ outcome: 'unavailable', reason: 'Contoso does not answer' }) },
    })
    await using client = await RawLdapClient.connect(server.port)
    const answer = await client.bind(zoe, 'x')
    expect(answer.resultCode).toBe(ResultCode.unavailable)
    expect(answer.diagnosticMessage).not.toContain('Contoso')
    expect(reasonsOf(server.accessLines)).toEqual(['Contoso does not answer'])
  })

  test('a main thread that fails is unavailable', async () => {
    await using server = await startTestLdapServer({
      signIn: { checkAtProvider: () => Promise.reject(new LdapError(ResultCode.unavailable, 'try again')) },
    })
    await using client = await RawLdapClient.connect(server.port)
    expect((await client.bind(zoe, 'x')).resultCode).toBe(ResultCode.unavailable)
    expect(server.defects).toEqual([])
  })

  test('more checks than the queue holds are busy, every other bind is answered', async () => {
    await using server = await startTestLdapServer()
    const clients = await Promise.all(Array.from({ length: 200 }, () => RawLdapClient.connect(server.port)))
    const answers = await Promise.all(
      clients.map((client, number) => client.bind(`uid=nobody${number},dc=example,dc=com`, 'x')),
    )
    for (const client of clients) client.destroy()
    const count = (code: number) => answers.filter(({ resultCode }) => resultCode === code).length
    expect(count(ResultCode.busy)).toBeGreaterThan(0)
    expect(count(ResultCode.busy) + count(ResultCode.invalidCredentials)).toBe(200)
    expect(server.defects).toEqual([])
  })
})

test('the binder that was bound on the connection before is known to whoever counts binds', async () => {
  const origins: BindOrigin[] = []
  const authenticator: Authenticator = {
    authenticate(name, _password, origin) {
      origins.push(origin)
      const identity = { kind: 'binder', name: 'svc-reader', dn: reader.dn } as const
      return Promise.resolve(
        name === reader.dn ? { identity, credential: 'binder', mustChange: false } : { refused: 'wrong' },
      )
    },
    changePassword: () => Promise.resolve({ refused: 'not here' }),
    overBecause: () => undefined,
  }
  await using server = await startTestLdapServer({ authenticator })
  await using client = await RawLdapClient.connect(server.port)
  for (const name of [ada, reader.dn, ada, ada]) await client.bind(name, 'x')
  expect(origins.map(({ binder }) => binder)).toEqual([undefined, undefined, 'svc-reader', 'svc-reader'])
})

describe('a directory password that not every keyboard writes alike', () => {
  const composed = 'Gr\u00fc\u00dfe aus K\u00f6ln, 4711'
  const decomposed = 'Gru\u0308\u00dfe\u00a0aus Ko\u0308ln, 4711'
  const spellings: readonly (readonly [string, string])[] = [
    ['composed', composed],
    ['decomposed and with hard spaces', decomposed],
  ]

  test.each(spellings)('set %s is the same password, however it is typed', async (_, password) => {
    await using server = await startTestLdapServer()
    const by = { kind: 'admin', id: 'root' } as const
    expect(await server.accounts.passwords.set(zoeUuid, password, {}, by)).toEqual({ set: true })
    await using client = await RawLdapClient.connect(server.port)
    for (const typed of [composed, decomposed, composed])
      expect((await client.bind(zoe, typed)).resultCode).toBe(ResultCode.success)
    for (const typed of [composed.toLowerCase(), 'Gru\u00dfe aus Koln, 4711', Buffer.from(composed, 'latin1')])
      expect((await client.bind(zoe, typed)).resultCode).toBe(ResultCode.invalidCredentials)
    expect(await server.accounts.passwords.set(zoeUuid, decomposed, {}, by)).toMatchObject({
      refusal: { code: 'used' },
    })
    const change = { entryUUID: zoeUuid, oldPassword: decomposed, newPassword: 'eleven glaciers hum at midnight' }
    expect(await server.accounts.passwords.change(change)).toMatchObject({ changed: true })
  })
})
