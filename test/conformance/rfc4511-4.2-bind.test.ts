import { describe, expect, test } from 'vitest'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import {
  bindOperation,
  control,
  extendedOperation,
  message,
  saslBindOperation,
  searchOperation,
} from '../builders/client-requests.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, startTestLdapServer } from '../builders/running-ldap-server.ts'

const ada = 'uid=ada,ou=people,dc=example,dc=com'
const whoAmI = async (client: RawLdapClient) =>
  (await client.request(99, extendedOperation(Oid.whoAmI))).responseValue?.toString()

describe('RFC 4511 §4.2, RFC 4513: bind', () => {
  test.each([
    ['a person by DN', ada, 'ada-secret', `dn:${ada}`],
    [
      'a person by DN in another case and with spaces',
      'UID=Ada, OU=People , DC=Example,DC=com',
      'ada-secret',
      `dn:${ada}`,
    ],
    ['a person by user name', 'ada', 'ada-secret', `dn:${ada}`],
    ['a person by user principal name', 'Ada@corp.example.com', 'ada-secret', `dn:${ada}`],
    ['a person by primary mail address', 'ada@example.com', 'ada-secret', `dn:${ada}`],
    [
      'a person with an {SSHA} password',
      'uid=grace,ou=people,dc=example,dc=com',
      'grace-secret',
      'dn:uid=grace,ou=people,dc=example,dc=com',
    ],
    ['a binder', reader.dn, reader.password, `dn:${reader.dn}`],
    ['a binder by its short DN', 'cn=svc-reader,dc=example,dc=com', reader.password, `dn:${reader.dn}`],
    ['nobody, with empty name and password', '', '', ''],
  ])('lets in %s', async (_who, name, password, authzId) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect(await client.bind(name, password)).toMatchObject({
      operation: 0x61,
      resultCode: ResultCode.success,
      diagnosticMessage: '',
    })
    expect(await whoAmI(client)).toBe(authzId)
  })

  test.each([
    ['a wrong password', ada, 'wrong'],
    ['a password in another case', ada, 'ADA-SECRET'],
    ['somebody unknown', 'uid=nobody,ou=people,dc=example,dc=com', 'x'],
    ['somebody without a password', 'uid=zoë,ou=people,dc=example,dc=com', 'x'],
    ['a group', 'cn=engineering,ou=groups,dc=example,dc=com', 'x'],
    ['a DN outside the tree', 'cn=x,dc=elsewhere', 'x'],
    ['an address that is not the primary one', 'countess@example.com', 'ada-secret'],
    ['a password without a name', '', 'ada-secret'],
    [
      'a stored hash as the password',
      'uid=grace,ou=people,dc=example,dc=com',
      '{SSHA}DQjGRHpTPF7JUHBjAQgPK/deAKpzYWx0',
    ],
    ["a binder's name with a person's password", reader.dn, 'ada-secret'],
  ])('refuses %s with invalidCredentials and no hint', async (_who, name, password) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect(await client.bind(name, password)).toMatchObject({
      resultCode: ResultCode.invalidCredentials,
      matchedDN: '',
      diagnosticMessage: '',
    })
    expect(await whoAmI(client)).toBe('')
    expect(server.accessLines[0]).toContain('"reason":')
  })

  test('refuses a bind with a DN and an empty password (RFC 4513 §5.1.2)', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect((await client.bind(ada, '')).resultCode).toBe(ResultCode.unwillingToPerform)
  })

  test('a failed bind leaves the connection anonymous (RFC 4513 §4)', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    expect((await client.bind(ada, 'wrong')).resultCode).toBe(ResultCode.invalidCredentials)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toEqual([])
  })

  test('a bind holds back what was sent behind it, and waits for what came before', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(
      message(1, searchOperation({ filter: '(uid=ada)' })),
      message(2, bindOperation(ada, 'ada-secret')),
      message(3, searchOperation({ filter: '(uid=ada)' })),
      message(4, bindOperation('', '')),
      message(5, searchOperation({ filter: '(uid=ada)' })),
    )
    const answers = [
      await client.next(),
      await client.next(),
      await client.next(),
      await client.next(),
      await client.next(),
    ]
    expect(answers.map((answer) => answer?.messageId)).toEqual([1, 2, 3, 4, 5])
    expect(answers.map((answer) => answer?.entries.length)).toEqual([0, 0, 1, 0, 0])
  })

  test.each([2, 4])('refuses LDAP version %i with protocolError', async (version) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect((await client.request(1, bindOperation(ada, 'ada-secret', version))).resultCode).toBe(
      ResultCode.protocolError,
    )
  })

  test('refuses SASL with authMethodNotSupported', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect((await client.request(1, saslBindOperation('PLAIN'))).resultCode).toBe(ResultCode.authMethodNotSupported)
  })

  test('refuses an unknown critical control before it looks at the password', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    const answer = await client.request(1, bindOperation(ada, 'ada-secret'), control('1.3.6.1.4.1.99999.8', true))
    expect(answer.resultCode).toBe(ResultCode.unavailableCriticalExtension)
    expect(await whoAmI(client)).toBe('')
  })

  test('asks for TLS before it looks at the password, where cleartext is not allowed', async () => {
    await using server = await startTestLdapServer({ ldap: { allowCleartextBind: 'never' } })
    await using plain = await RawLdapClient.connect(server.port)
    expect((await plain.bind(ada, 'ada-secret')).resultCode).toBe(ResultCode.confidentialityRequired)
    expect((await plain.bind(ada, 'wrong')).resultCode).toBe(ResultCode.confidentialityRequired)
    await using secure = await RawLdapClient.connectTls(server.tlsPort ?? 0, { ca: server.caPem })
    expect((await secure.bind(ada, 'ada-secret')).resultCode).toBe(ResultCode.success)
  })

  test('many binds at once are answered, none by mistake', async () => {
    await using server = await startTestLdapServer()
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawLdapClient.connect(server.port)))
    const answers = await Promise.all(
      clients.map((client, i) => client.bind(i % 2 ? ada : 'uid=nobody,dc=example,dc=com', 'ada-secret')),
    )
    for (const client of clients) client.destroy()
    expect(answers.map(({ resultCode }) => resultCode)).toEqual(
      answers.map((_, i) => (i % 2 ? ResultCode.success : ResultCode.invalidCredentials)),
    )
  })
})
