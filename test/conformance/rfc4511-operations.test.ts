import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Tag } from '../../server/protocol/ber-reader.ts'
import { element, textElement } from '../../server/protocol/ber-writer.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import {
  abandonOperation,
  addOperation,
  bindOperation,
  compareOperation,
  control,
  deleteOperation,
  extendedOperation,
  message,
  modifyDnOperation,
  modifyOperation,
  searchOperation,
  unbindOperation,
} from '../builders/client-requests.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

const people = `ou=people,${suffix}`
const groups = `ou=groups,${suffix}`
const ada = `uid=ada,${people}`

describe('RFC 4511 §4.10: compare', () => {
  test.each<[string, string, string, number]>([
    [ada, 'uid', 'ada', ResultCode.compareTrue],
    [ada, 'UID', 'ADA', ResultCode.compareTrue],
    [ada, 'uid', 'grace', ResultCode.compareFalse],
    [ada, 'mail', 'countess@example.com', ResultCode.compareTrue],
    [ada, 'name', 'Lovelace', ResultCode.compareTrue],
    [ada, 'objectClass', 'top', ResultCode.compareTrue],
    [ada, 'objectClass', 'groupOfNames', ResultCode.compareFalse],
    [ada, 'memberOf', `cn=engineering,${groups}`, ResultCode.compareTrue],
    [`cn=engineering,${groups}`, 'member', `UID=Ada, ${people}`, ResultCode.compareTrue],
    [`cn=engineering,${groups}`, 'uniqueMember', ada, ResultCode.compareTrue],
    [`cn=staff,${groups}`, 'member', ada, ResultCode.compareFalse],
    [`cn=empty,${groups}`, 'member', ada, ResultCode.noSuchAttribute],
    [ada, 'title', 'x', ResultCode.noSuchAttribute],
    [ada, 'userPassword', 'ada-secret', ResultCode.noSuchAttribute],
    [ada, 'noSuchAttribute', 'x', ResultCode.undefinedAttributeType],
    [ada, 'uidNumber', 'not a number', ResultCode.invalidAttributeSyntax],
    [`uid=nobody,${people}`, 'uid', 'x', ResultCode.noSuchObject],
    ['not a dn', 'uid', 'x', ResultCode.invalidDNSyntax],
  ])('%s %s:%s', async (entry, attribute, value, resultCode) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    expect(await client.request(2, compareOperation(entry, attribute, value))).toMatchObject({
      operation: 0x6f,
      resultCode,
    })
    expect(server.defects).toEqual([])
  })

  test('tells nothing about entries that may not be read', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect((await client.request(1, compareOperation(ada, 'uid', 'ada'))).resultCode).toBe(ResultCode.noSuchObject)
    await client.bind(ada, 'ada-secret', 2)
    expect((await client.request(3, compareOperation(`uid=grace,${people}`, 'uid', 'grace'))).resultCode).toBe(
      ResultCode.noSuchObject,
    )
    expect((await client.request(4, compareOperation(ada, 'uid', 'ada'))).resultCode).toBe(ResultCode.compareTrue)
  })
})

describe('RFC 4511 §4.6 to §4.9: writes', () => {
  test.each([
    ['add', addOperation(`uid=x,${people}`), 0x69],
    ['delete', deleteOperation(ada), 0x6b],
    ['modify', modifyOperation(ada), 0x67],
    ['modifyDN', modifyDnOperation(ada, 'uid=eve'), 0x6d],
  ])('refuses %s with unwillingToPerform and goes on', async (_name, operation, response) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    expect(await client.request(2, operation)).toMatchObject({
      messageId: 2,
      operation: response,
      resultCode: ResultCode.unwillingToPerform,
      diagnosticMessage: expect.stringContaining('read-only'),
    })
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
    expect(server.defects).toEqual([])
  })

  test.each([
    ['an add without attributes', Buffer.from('6803040178', 'hex')],
    ['a modify of nonsense', Buffer.from('660804017804030a0b0c', 'hex')],
    ['a modifyDN that ends early', Buffer.from('6c03040178', 'hex')],
  ])('%s is malformed and ends in a notice of disconnection', async (_name, operation) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect(await client.request(2, operation)).toMatchObject({ messageId: 0, resultCode: ResultCode.protocolError })
    await client.closed()
  })

  test('what a write says costs nothing: lists that hold up stock ldapjs for seconds are refused like any other', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    const values = element(Tag.set, ...Array.from({ length: 9000 }, () => textElement(Tag.octetString, 'v')))
    const attribute = element(Tag.sequence, textElement(Tag.octetString, 'objectClass'), values)
    const add = element(0x68, textElement(Tag.octetString, '=,='), element(Tag.sequence, attribute))
    for (let id = 1; id <= 200; id += 1) client.send(message(id, add))
    for (let id = 1; id <= 200; id += 1) expect((await client.next())?.resultCode).toBe(ResultCode.unwillingToPerform)
    expect(server.accessLines).toHaveLength(200)
  })
})

describe('RFC 4511 §4.3, §4.11: unbind and abandon', () => {
  test('unbind closes the connection without an answer, also with an unknown critical control', async () => {
    await using server = await startTestLdapServer()
    for (const controls of [[], [control('1.3.6.1.4.1.99999.8', true)]]) {
      await using client = await RawLdapClient.connect(server.port)
      client.send(message(1, unbindOperation, ...controls))
      expect(await client.next()).toBeUndefined()
    }
  })

  test('what is pipelined behind unbind is not done', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(message(1, unbindOperation), message(2, searchOperation({ base: '', scope: 0 })))
    expect(await client.next()).toBeUndefined()
  })

  test('what was asked right before it is answered', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    const search = searchOperation({ base: '', scope: 0 })
    client.send(...Array.from({ length: 100 }, (_, id) => message(id + 1, search)), message(101, unbindOperation))
    for (let id = 1; id <= 100; id += 1) expect((await client.next())?.messageId).toBe(id)
    expect(await client.next()).toBeUndefined()
  })

  test('abandon of an unknown message is ignored', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(message(2, abandonOperation(99)))
    expect((await client.search({ base: '', scope: 0 }, 3)).messageId).toBe(3)
  })
})

describe('RFC 4511 §4.1.1.1: message ids', () => {
  test('searches that share one are all answered, and abandoned together', async () => {
    const people = Array.from(
      { length: 3000 },
      (_, index) =>
        `\ndn: cn=p${index},dc=example,dc=com\nobjectClass: person\ncn: p${index}\nsn: ${'x'.repeat(6000)}\n`,
    )
    await using server = await startTestLdapServer({
      ldif: `version: 1\n\ndn: dc=example,dc=com\nobjectClass: domain\ndc: example\n${people.join('')}`,
    })
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    client.pause() // so that all of them wait for room
    client.send(message(7, searchOperation()), message(7, searchOperation()), message(7, searchOperation()))
    for (let turn = 0; turn < 1000; turn += 1) await nextTurn()
    client.resume()
    const answers = [await client.next(), await client.next(), await client.next()]
    expect(answers.map((answer) => answer?.resultCode)).toEqual([0, 0, 0])
    expect(answers.flatMap((answer) => answer?.entries ?? [])).toHaveLength(3 * 3001)
    client.send(message(8, searchOperation()), message(8, searchOperation()), message(9, abandonOperation(8)))
    expect((await client.search({ base: '', scope: 0 }, 10)).messageId).toBe(10)
    expect(server.defects).toEqual([])
  })
})

describe('RFC 4511 §4.12, RFC 4532: extended operations', () => {
  test('an unknown one is protocolError, and the connection goes on', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect(await client.request(1, extendedOperation('1.3.6.1.4.1.99999.7', Buffer.of(0, 1)))).toMatchObject({
      operation: 0x78,
      resultCode: ResultCode.protocolError,
    })
    expect((await client.search({ base: '', scope: 0 })).resultCode).toBe(ResultCode.success)
  })
})

describe('RFC 4511 §4.14: StartTLS', () => {
  test('puts TLS on the connection, which is anonymous or bound as before', async () => {
    await using server = await startTestLdapServer({ ldap: { allowCleartextBind: 'never' } })
    await using client = await RawLdapClient.connect(server.port)
    expect(await client.request(1, extendedOperation(Oid.startTls))).toMatchObject({
      resultCode: ResultCode.success,
      responseName: Oid.startTls,
    })
    await client.startTls({ ca: server.caPem, host: 'localhost' })
    expect((await client.bind(ada, 'ada-secret', 2)).resultCode).toBe(ResultCode.success)
    expect((await client.search({ filter: '(uid=ada)' }, 3)).entries).toHaveLength(1)
  })

  test('never runs what was pipelined behind it in the clear', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(message(1, extendedOperation(Oid.startTls)), message(2, bindOperation(reader.dn, reader.password)))
    expect(await client.next()).toMatchObject({ messageId: 1, resultCode: ResultCode.success })
    await client.startTls({ ca: server.caPem, host: 'localhost' })
    const identity = await client.request(3, extendedOperation(Oid.whoAmI))
    expect(identity).toMatchObject({ messageId: 3, resultCode: ResultCode.success })
    expect(identity.responseValue?.toString()).toBe('')
    expect(server.operations).not.toContain('bind')
  })

  test('a second one is operationsError', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connectTls(server.tlsPort ?? 0, { ca: server.caPem, host: 'localhost' })
    expect((await client.request(1, extendedOperation(Oid.startTls))).resultCode).toBe(ResultCode.operationsError)
  })

  test('a client that never starts its handshake is cut off', async () => {
    await using server = await startTestLdapServer({ ldap: { limits: { handshakeSeconds: 0.2 } } })
    await using client = await RawLdapClient.connect(server.port)
    expect((await client.request(1, extendedOperation(Oid.startTls))).resultCode).toBe(ResultCode.success)
    await client.closed()
  })
})

describe('RFC 4511 §4.1.1, §4.4.1: malformed messages and limits', () => {
  test.each<[string, string]>([
    ['not a SEQUENCE', '020101'],
    ['a message id that is no INTEGER', '3006040101420000'],
    ['message id 0', '30050201006000'],
    ['a negative message id', '30050201ff6000'],
    ['an operation nobody knows', '30050201017f00'],
    ['a response', '300c02010161070a010004000400'],
    ['an indefinite length', '3080020101420000000'.slice(0, 18)],
    ['a length in five octets', '308500000000010201014200'],
    ['a search whose body is cut', '3008020101630304017f'],
    ['an inner length past the end', '300a0201026e8400ffffff04'],
  ])('%s ends in a notice of disconnection', async (_name, hex) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(Buffer.from(hex, 'hex'))
    expect(await client.next()).toMatchObject({
      messageId: 0,
      resultCode: ResultCode.protocolError,
      responseName: Oid.noticeOfDisconnection,
    })
    await client.closed()
    expect(server.defects).toEqual([])
  })

  test('what was asked before the broken message is answered', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(message(1, searchOperation({ base: '', scope: 0 })), Buffer.from('ffff', 'hex'))
    expect(await client.next()).toMatchObject({ messageId: 1, resultCode: ResultCode.success })
    expect(await client.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.protocolError })
  })

  test('before a bind a message may be as large as limits.messageBytesBeforeBind, after it as limits.messageBytes', async () => {
    await using server = await startTestLdapServer({
      ldap: { limits: { messageBytesBeforeBind: 2000, messageBytes: 4000 } },
    })
    const search = (bytes: number) =>
      message(9, searchOperation({ base: '', scope: 0, attributes: ['x'.repeat(bytes)] }))
    await using client = await RawLdapClient.connect(server.port)
    client.send(search(1000))
    expect(await client.next()).toMatchObject({ messageId: 9, resultCode: ResultCode.success })
    await client.bind(reader.dn, reader.password)
    client.send(search(3000))
    expect(await client.next()).toMatchObject({ messageId: 9, resultCode: ResultCode.success })
    client.send(search(4000))
    expect(await client.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.protocolError })
    await using other = await RawLdapClient.connect(server.port)
    other.send(search(2000))
    expect(await other.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.protocolError })
  })

  test('one byte at a time', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    for (const byte of message(1, searchOperation({ base: '', scope: 0 }))) {
      client.send(Buffer.of(byte))
      await new Promise(setImmediate)
    }
    expect((await client.next())?.entries).toHaveLength(1)
  })

  test('over limits.connections a client is told that the server is busy', async () => {
    await using server = await startTestLdapServer({ ldap: { limits: { connections: 2 } } })
    await using first = await RawLdapClient.connect(server.port)
    await using second = await RawLdapClient.connect(server.port)
    await first.search({ base: '', scope: 0 })
    await second.search({ base: '', scope: 0 })
    await using third = await RawLdapClient.connect(server.port)
    expect(await third.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.busy })
    await third.closed()
  })

  test('a client that asks for nothing is let go after limits.idleSeconds', async () => {
    await using server = await startTestLdapServer({ ldap: { limits: { idleSeconds: 0.2 } } })
    await using client = await RawLdapClient.connect(server.port)
    expect(await client.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.unavailable })
  })

  test('every client is told when the server stops', async () => {
    const server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.search({ base: '', scope: 0 })
    const closing = server.close()
    expect(await client.next()).toMatchObject({
      messageId: 0,
      resultCode: ResultCode.unavailable,
      responseName: Oid.noticeOfDisconnection,
    })
    client.destroy()
    await closing
  })
})

describe('LDAPS', () => {
  test('answers over TLS with a certificate of the private CA', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connectTls(server.tlsPort ?? 0, { ca: server.caPem, host: 'localhost' })
    expect((await client.bind(ada, 'ada-secret')).resultCode).toBe(ResultCode.success)
  })

  test('TLS 1.1 is refused', async () => {
    await using server = await startTestLdapServer()
    await expect(
      RawLdapClient.connectTls(server.tlsPort ?? 0, {
        ca: server.caPem,
        host: 'localhost',
        maxVersion: 'TLSv1.1',
        minVersion: 'TLSv1',
      }),
    ).rejects.toThrow()
  })
})
