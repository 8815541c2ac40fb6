import { describe, expect, test } from 'vitest'
import { Secret, TOTP } from 'otpauth'
import { element } from '../../server/protocol/ber-writer.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { bindOperation, control, extendedOperation, message, searchOperation } from '../builders/client-requests.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, type RunningLdapServer, startTestLdapServer } from '../builders/running-ldap-server.ts'

const zoe = 'uid=zoë,ou=people,dc=example,dc=com'
const zoeUuid = '00000000-0000-4000-8000-000000000005'
const ada = 'uid=ada,ou=people,dc=example,dc=com'
const admin = { kind: 'admin', id: 'root' } as const
const old = 'plum harbour 47 window'
const fresh = 'seven quiet lanterns rowing'
const policy = control(Oid.passwordPolicy, false)

interface Change {
  readonly identity?: string
  readonly old?: string | Uint8Array
  readonly new?: string | Uint8Array
}

function passwordModify({ identity, old, new: wished }: Change = {}): Buffer {
  const part = (tag: number, value: string | Uint8Array | undefined) =>
    value === undefined ? [] : [element(tag, typeof value === 'string' ? Buffer.from(value) : value)]
  return extendedOperation(
    Oid.passwordModify,
    element(0x30, ...part(0x80, identity), ...part(0x81, old), ...part(0x82, wished)),
  )
}

async function start(ldap: object = { passwordModify: true }) {
  const server = await startTestLdapServer({ ldap })
  await server.accounts.passwords.set(zoeUuid, old, {}, admin)
  return server
}

const connect = (server: RunningLdapServer) => RawLdapClient.connectTls(server.tlsPort ?? 0, { ca: server.caPem })
const whoAmI = async (client: RawLdapClient) =>
  (await client.request(99, extendedOperation(Oid.whoAmI))).responseValue?.toString()
const binds = async (server: RunningLdapServer, password: string) => {
  await using client = await connect(server)
  return (await client.bind(zoe, password)).resultCode
}

describe('RFC 3062: Password Modify', () => {
  test.each([
    ['of who is bound', undefined],
    ['by DN', zoe],
    ['by DN in another spelling', 'UID=ZOË, OU=people,dc=example,dc=com'],
    ['by authorization identity', `dn:${zoe}`],
    ['by name', 'zoë'],
    ['by authorization identity with a name', 'u:zoë'],
  ])('sets the own password: %s', async (_, identity) => {
    await using server = await start()
    await using client = await connect(server)
    await client.bind(zoe, old)
    const change = passwordModify({ old, new: fresh, ...(identity === undefined ? {} : { identity }) })
    const answer = await client.request(2, change)
    expect(answer).toMatchObject({ operation: 0x78, resultCode: ResultCode.success, responseValue: undefined })
    expect(answer.controls.size).toBe(0)
    expect(await whoAmI(client)).toBe(`dn:${zoe}`)
    expect(await binds(server, old)).toBe(ResultCode.invalidCredentials)
    expect(await binds(server, fresh)).toBe(ResultCode.success)
  })

  test('makes a password when none is given', async () => {
    await using server = await start()
    await using client = await connect(server)
    await client.bind(zoe, old)
    const { resultCode, responseValue } = await client.request(2, passwordModify({ old }))
    expect(resultCode).toBe(ResultCode.success)
    const generated = responseValue?.subarray(4).toString() ?? ''
    expect(responseValue?.subarray(0, 4).toString('hex')).toBe(`30198017`)
    expect(await binds(server, generated)).toBe(ResultCode.success)
  })

  test.each<[string, Change, number, string]>([
    ['one that is too short', { old, new: 'short' }, ResultCode.constraintViolation, '3003810106'],
    ['one that is too long', { old, new: `${fresh} `.repeat(4) }, ResultCode.constraintViolation, '3003810109'],
    ['one of a million octets', { old, new: 'x'.repeat(1_000_000) }, ResultCode.constraintViolation, '3003810109'],
    ['one that is easy to guess', { old, new: 'password12345' }, ResultCode.constraintViolation, '3003810105'],
    ['one that is no text', { old, new: Buffer.alloc(20, 0xff) }, ResultCode.constraintViolation, '3003810105'],
    ['the one before', { old, new: old }, ResultCode.constraintViolation, '3003810108'],
    ['without the old one', { new: fresh }, ResultCode.insufficientAccessRights, '3003810104'],
    ['with a wrong old one', { old: 'wrong', new: fresh }, ResultCode.invalidCredentials, '3000'],
    ['with an old one that is no text', { old: Buffer.of(0xff), new: fresh }, ResultCode.invalidCredentials, '3000'],
    ['of somebody else', { identity: ada, old, new: fresh }, ResultCode.insufficientAccessRights, '3003810103'],
    [
      'of who does not exist',
      { identity: 'uid=nobody,dc=example,dc=com', old, new: fresh },
      ResultCode.insufficientAccessRights,
      '3003810103',
    ],
  ])('does not set %s, and the password policy control says why', async (_, change, resultCode, value) => {
    await using server = await start()
    await using client = await connect(server)
    await client.bind(zoe, old)
    const answer = await client.request(2, passwordModify(change), policy)
    expect(answer).toMatchObject({ resultCode, responseValue: undefined })
    expect(answer.controls.get(Oid.passwordPolicy)?.toString('hex')).toBe(value)
    expect((await client.request(3, passwordModify(change))).controls.size).toBe(0)
    expect(await binds(server, old)).toBe(ResultCode.success)
    expect(server.defects).toEqual([])
  })

  test.each([
    ['no sequence', Buffer.of(0x04, 0)],
    ['an unknown part', element(0x30, element(0x85, Buffer.from('x')))],
    ['parts in another order', element(0x30, element(0x82, Buffer.from('x')), element(0x81, Buffer.from('x')))],
    ['octets behind it', Buffer.of(0x30, 0, 0)],
    ['a length that does not fit', Buffer.of(0x30, 5, 0x80)],
  ])('calls a value with %s a protocolError', async (_, value) => {
    await using server = await start()
    await using client = await connect(server)
    await client.bind(zoe, old)
    const answer = await client.request(2, extendedOperation(Oid.passwordModify, value))
    expect(answer.resultCode).toBe(ResultCode.protocolError)
  })

  test('is for people who have signed in with their password', async () => {
    await using server = await start()
    await using client = await connect(server)
    const change = async () => (await client.request(2, passwordModify({ old, new: fresh }))).resultCode
    expect(await change()).toBe(ResultCode.strongerAuthRequired)
    await client.bind(reader.dn, reader.password)
    expect(await change()).toBe(ResultCode.unwillingToPerform)
    const { password } = await server.accounts.appPasswords.add(zoeUuid, { name: 'phone' }, admin)
    expect((await client.bind(zoe, password)).resultCode).toBe(ResultCode.success)
    expect(await change()).toBe(ResultCode.unwillingToPerform)
    await client.bind(ada, 'ada-secret')
    expect((await client.request(2, passwordModify({ old: 'ada-secret', new: fresh }))).resultCode).toBe(
      ResultCode.unwillingToPerform,
    )
    expect(await binds(server, old)).toBe(ResultCode.success)
  })

  test('never goes over a connection without TLS', async () => {
    await using server = await start()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(zoe, old)
    expect((await client.request(2, passwordModify({ old, new: fresh }))).resultCode).toBe(
      ResultCode.confidentialityRequired,
    )
  })

  test('is refused and not announced where it is switched off', async () => {
    await using server = await start({})
    await using client = await connect(server)
    await client.bind(zoe, old)
    expect((await client.request(2, passwordModify({ old, new: fresh }))).resultCode).toBe(
      ResultCode.unwillingToPerform,
    )
    const extensions = async (of: RawLdapClient) =>
      (await of.search({ base: '', scope: 0, attributes: ['+'] })).entries[0]?.attributes.get('supportedExtension')
    expect(await extensions(client)).not.toContain(Oid.passwordModify)
    await using other = await start()
    await using there = await connect(other)
    expect(await extensions(there)).toContain(Oid.passwordModify)
  })

  test('takes the old password with the code of a second factor behind it, as at bind', async () => {
    await using server = await start()
    const { secret } = await server.accounts.secondFactors.begin(zoeUuid, admin)
    const code = () =>
      new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) }).generate({
        timestamp: server.clock.now().getTime(),
      })
    expect(await server.accounts.secondFactors.confirm(zoeUuid, code(), admin)).toBeDefined()
    server.clock.advance(30_000)
    const typed = `${old},${code()}`
    await using client = await connect(server)
    expect((await client.bind(zoe, old)).resultCode).toBe(ResultCode.invalidCredentials)
    expect((await client.bind(zoe, typed)).resultCode).toBe(ResultCode.success)
    expect((await client.request(2, passwordModify({ old: typed, new: fresh }))).resultCode).toBe(ResultCode.success)
    expect((await client.bind(zoe, typed)).resultCode).toBe(ResultCode.invalidCredentials)
    server.clock.advance(30_000)
    expect((await client.bind(zoe, `${fresh},${code()}`)).resultCode).toBe(ResultCode.success)
  })

  test('a bind behind it waits for it, and who was blocked meanwhile changes nothing', async () => {
    await using server = await start()
    await using client = await connect(server)
    await client.bind(zoe, old)
    client.send(message(2, passwordModify({ old, new: fresh })), message(3, bindOperation(zoe, fresh)))
    expect([await client.next(), await client.next()]).toMatchObject([
      { messageId: 2, resultCode: ResultCode.success },
      { messageId: 3, resultCode: ResultCode.success },
    ])
    await server.accounts.incidents.block(zoeUuid, { reason: 'left' }, admin)
    expect((await client.request(4, passwordModify({ old: fresh, new: old }))).resultCode).toBe(
      ResultCode.strongerAuthRequired,
    )
    expect(server.accessLines.at(-1)).toContain('"reason":"sign-in is blocked here"')
  })

  test('is done one at a time for each person', async () => {
    await using server = await start()
    await using client = await connect(server)
    await client.bind(zoe, old)
    client.send(...[2, 3].map((id) => message(id, passwordModify({ old, new: fresh }))))
    const answers = [await client.next(), await client.next()].map((answer) => answer?.resultCode)
    expect(answers.toSorted()).toEqual([ResultCode.success, ResultCode.busy])
  })
})

describe('a password that has to be changed (draft-behera-ldap-password-policy)', () => {
  const changeAfterReset = '3003810102'
  const startReset = async (ldap: object = { passwordModify: true }) => {
    const server = await start(ldap)
    return { server, once: await server.accounts.passwords.reset(zoeUuid, admin) }
  }

  test('lets in, for nothing but the change, a client that understands', async () => {
    const { server: started, once } = await startReset()
    await using server = started
    await using client = await connect(server)
    const bound = await client.request(1, bindOperation(zoe, once), policy)
    expect(bound.resultCode).toBe(ResultCode.success)
    expect(bound.controls.get(Oid.passwordPolicy)?.toString('hex')).toBe(changeAfterReset)
    const held = await client.request(2, searchOperation({ base: zoe, scope: 0 }), policy)
    expect(held).toMatchObject({ operation: 0x65, resultCode: ResultCode.insufficientAccessRights, entries: [] })
    expect(held.controls.get(Oid.passwordPolicy)?.toString('hex')).toBe(changeAfterReset)
    expect(await client.request(3, extendedOperation(Oid.whoAmI))).toMatchObject({
      resultCode: ResultCode.insufficientAccessRights,
      responseValue: undefined,
    })
    expect((await client.request(4, passwordModify({ old: once, new: 'short' }), policy)).resultCode).toBe(
      ResultCode.constraintViolation,
    )
    expect((await client.search({ base: zoe, scope: 0 }, 5)).resultCode).toBe(ResultCode.insufficientAccessRights)
    expect((await client.request(6, passwordModify({ old: once, new: fresh }), policy)).resultCode).toBe(
      ResultCode.success,
    )
    expect(await whoAmI(client)).toBe(`dn:${zoe}`)
    expect((await client.search({ base: zoe, scope: 0 }, 7)).entries).toHaveLength(1)
    const again = await client.request(8, bindOperation(zoe, fresh), policy)
    expect(again.controls.get(Oid.passwordPolicy)?.toString('hex')).toBe('3000')
  })

  test('lets in a client for nothing else also after another bind has failed', async () => {
    const { server: started, once } = await startReset()
    await using server = started
    await using client = await connect(server)
    await client.request(1, bindOperation(zoe, once), policy)
    await client.bind(zoe, 'wrong', 2)
    expect((await client.request(3, passwordModify({ old: once, new: fresh }))).resultCode).toBe(
      ResultCode.strongerAuthRequired,
    )
    expect((await client.search({ base: '', scope: 0 }, 4)).entries).toHaveLength(1)
  })

  test.each([
    ['a client that does not send the control', { passwordModify: true }, [], true],
    ['anybody where passwords are not changed over LDAP', {}, [policy], true],
    ['anybody without TLS', { passwordModify: true }, [policy], false],
  ])('is a wrong one for %s', async (_, ldap, controls, isSecure) => {
    const { server: started, once } = await startReset(ldap)
    await using server = started
    await using client = isSecure ? await connect(server) : await RawLdapClient.connect(server.port)
    const answer = await client.request(1, bindOperation(zoe, once), ...controls)
    expect(answer).toMatchObject({ resultCode: ResultCode.invalidCredentials, diagnosticMessage: '' })
    expect(answer.controls.get(Oid.passwordPolicy)?.toString('hex')).toBe(controls.length > 0 ? '3000' : undefined)
    expect(server.accessLines.at(-1)).toContain('"reason":"the password has to be changed first"')
  })
})
