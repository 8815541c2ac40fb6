import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import ldap from 'ldapjs'
import { describe, expect, test } from 'vitest'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import {
  abandonOperation,
  bindOperation,
  compareOperation,
  control,
  message,
  saslBindOperation,
  searchOperation,
} from '../builders/client-requests.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, type RunningLdapServer, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'
import { startStockLdapjs } from '../builders/stock-ldapjs.ts'

// Each case shows what a packet does to stock ldapjs 3.0.7, started here, and that Rosterd answers as RFC 4511 says and goes on.

async function stillAnswers(server: RunningLdapServer): Promise<void> {
  await using client = await RawLdapClient.connect(server.port)
  expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(ResultCode.success)
  expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
  expect(server.defects).toEqual([])
}

/** A stock ldapjs server in this process. It has an error listener, or the first malformed packet would end the test run. */
async function stockInProcess(configure: (server: ldap.Server) => void) {
  const server = ldap.createServer()
  server.on('error', () => undefined)
  configure(server)
  server.listen(0, '127.0.0.1', () => undefined)
  const { server: listener } = server as unknown as { server: Server } // @types/ldapjs leaves it out
  if (!listener.listening) await once(listener, 'listening')
  const sockets = new Set<Socket>()
  listener.on('connection', (socket) => sockets.add(socket))
  return {
    port: (listener.address() as AddressInfo).port,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}

describe('packets that end a process that runs stock ldapjs', () => {
  test('a length that overflows (row 1: six bytes, before any bind)', async () => {
    const packet = Buffer.from('3084ffffffff', 'hex')
    await using stock = await startStockLdapjs('listening')
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(packet)
    expect(await stock.ended).not.toBe(0)

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(packet)
    const notice = await client.next()
    expect(notice).toMatchObject({
      messageId: 0,
      resultCode: ResultCode.protocolError,
      responseName: Oid.noticeOfDisconnection,
    })
    await client.closed()
    await stillAnswers(server)
  })

  test('8,000 small messages in one write (row 2)', async () => {
    const many = Buffer.concat(Array.from({ length: 8192 }, () => message(2, abandonOperation(9))))
    await using stock = await startStockLdapjs('listening')
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(many)
    expect(await stock.ended).not.toBe(0)

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(many, many, message(3, searchOperation({ base: '', scope: 0 })))
    expect(await client.next()).toMatchObject({ messageId: 3, resultCode: ResultCode.success })
    await stillAnswers(server)
  })

  test('a malformed message, when nobody listens for errors (row 3)', async () => {
    const packet = Buffer.from('300502010b6f00', 'hex')
    await using stock = await startStockLdapjs('bare')
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(packet)
    expect(await stock.ended).not.toBe(0)

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(packet)
    expect(await client.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.protocolError })
    await client.closed()
    await stillAnswers(server)
  })

  test('a backend that fails asynchronously (row 8)', async () => {
    await using stock = await startStockLdapjs('rejecting')
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(message(1, searchOperation({ base: suffix })))
    expect(await stock.ended).not.toBe(0)

    await using server = await startTestLdapServer({
      authenticator: {
        authenticate: () => Promise.reject(new Error('the backend failed')),
        changePassword: () => Promise.reject(new Error('the backend failed')),
        overBecause: () => undefined,
      },
    })
    await using client = await RawLdapClient.connect(server.port)
    expect(await client.bind('uid=ada,ou=people,dc=example,dc=com', 'x')).toMatchObject({
      resultCode: ResultCode.other,
      diagnosticMessage: 'internal error',
    })
    expect((await client.search({ base: '', scope: 0 })).entries).toHaveLength(1)
    expect(server.defects).toHaveLength(1)
  })
})

describe('what stock ldapjs lets a peer make it hold', () => {
  test('a message announced with 1 GiB (row 4)', async () => {
    const start = Buffer.concat([Buffer.from('308440000000', 'hex'), Buffer.alloc(512 * 1024)])
    await using stock = await stockInProcess(() => undefined)
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(start, start, start, start)
    while (([...stock.sockets][0]?.bytesRead ?? 0) < start.length * 4) await new Promise(setImmediate)
    expect([...stock.sockets][0]!.destroyed).toBe(false)

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(start)
    expect(await client.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.protocolError })
    await client.closed()
    await stillAnswers(server)
  })

  test('answers nobody reads (row 5)', async () => {
    const value = 'x'.repeat(4096)
    const count = 6000
    let sentAll = false
    await using stock = await stockInProcess((server) => {
      server.search('', (_request: unknown, response: { send(entry: object): void; end(): void }) => {
        for (let i = 0; i < count; i += 1)
          response.send({ dn: `cn=${i},dc=example,dc=com`, attributes: { cn: [value] } })
        sentAll = true
        response.end()
      })
    })
    await using victim = await RawLdapClient.connect(stock.port)
    victim.pause()
    victim.send(message(1, searchOperation({ base: suffix })))
    while (!sentAll) await new Promise(setImmediate)
    expect([...stock.sockets][0]!.writableLength).toBeGreaterThan(8 * 1024 * 1024)

    await using server = await startTestLdapServer({ ldif: manyEntries(count, value) })
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    client.pause()
    client.send(message(2, searchOperation({ filter: '(description=*)' })))
    await stillAnswers(server)
    expect(server.accessLines.some((line) => line.includes('"messageId":2') && line.includes('"connectionId":1'))).toBe(
      false,
    )
    client.resume()
    expect((await client.next())?.entries).toHaveLength(count)
  })

  test('searches that were abandoned (row 6)', async () => {
    const sends: number[] = []
    await using stock = await stockInProcess((server) => {
      server.search('', async (_request: unknown, response: { send(entry: object): void; end(): void }) => {
        for (let i = 0; i < 50; i += 1) {
          response.send({ dn: `cn=${i},dc=example,dc=com`, attributes: { cn: ['x'] } })
          sends.push(i)
          await new Promise(setImmediate)
        }
        response.end()
      })
    })
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(message(1, searchOperation({ base: suffix })), message(2, abandonOperation(1)))
    await victim.next()
    expect(sends).toHaveLength(50)

    await using server = await startTestLdapServer({ ldif: manyEntries(3000, 'x'.repeat(200)) })
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    client.send(
      message(2, searchOperation({ filter: '(description=*)' })),
      message(3, abandonOperation(2)),
      message(4, searchOperation({ filter: '(cn=entry1)' })),
    )
    const answer = await client.next()
    expect(answer).toMatchObject({ messageId: 4, resultCode: ResultCode.success })
    expect(server.accessLines.some((line) => line.includes('"messageId":2,'))).toBe(false)
  })

  test('a peer that does not speak LDAP (row 19)', async () => {
    await using stock = await stockInProcess(() => undefined)
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    while ([...stock.sockets][0]?.bytesRead !== 18) await new Promise(setImmediate)
    expect([...stock.sockets][0]!.destroyed).toBe(false)

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    expect(await client.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.protocolError })
    await client.closed()
    await stillAnswers(server)
  })

  test('half a message, for ever (row 19)', async () => {
    await using server = await startTestLdapServer({ ldap: { limits: { handshakeSeconds: 0.2 } } })
    await using client = await RawLdapClient.connect(server.port)
    client.send(message(1, bindOperation(reader.dn, reader.password)).subarray(0, 11))
    expect(await client.next()).toMatchObject({ messageId: 0, resultCode: ResultCode.protocolError })
    await client.closed()
  })
})

describe('requests that stock ldapjs answers by closing, or wrongly', () => {
  const cases: readonly { name: string; packet: Buffer; expected: object }[] = [
    {
      name: 'an empty assertion value (row 11)',
      packet: searchOperation({ filter: '(cn=)' }),
      expected: { resultCode: ResultCode.success, entries: [] },
    },
    {
      name: 'an OID among the attributes (row 12)',
      packet: searchOperation({ filter: '(uid=ada)', attributes: ['2.5.4.3', '1.2.3.4'] }),
      expected: { resultCode: ResultCode.success },
    },
    {
      name: 'a base that is no DN (row 13)',
      packet: searchOperation({ base: 'not a dn' }),
      expected: { resultCode: ResultCode.invalidDNSyntax },
    },
    {
      name: 'a SASL bind (row 14)',
      packet: saslBindOperation('GSSAPI'),
      expected: { resultCode: ResultCode.authMethodNotSupported },
    },
  ]

  test.each(cases)('$name', async ({ packet, expected }) => {
    await using stock = await startStockLdapjs('listening')
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(message(2, packet))
    expect(await victim.next()).toBeUndefined()

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    expect(await client.request(2, packet)).toMatchObject({ messageId: 2, ...expected })
    expect((await client.request(3, bindOperation(reader.dn, reader.password))).resultCode).toBe(ResultCode.success)
    await stillAnswers(server)
  })

  test('an unknown critical control (row 16)', async () => {
    const unknown = control('1.3.6.1.4.1.99999.8', true, Buffer.of(1, 2))
    await using stock = await startStockLdapjs('listening')
    await using victim = await RawLdapClient.connect(stock.port)
    expect(await victim.request(2, searchOperation({ base: suffix }), unknown)).toMatchObject({
      resultCode: ResultCode.success,
    })

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const answer = await client.request(2, searchOperation({ filter: '(uid=ada)' }), unknown)
    expect(answer).toMatchObject({ resultCode: ResultCode.unavailableCriticalExtension, entries: [] })
    await stillAnswers(server)
  })

  test('a search sent behind a bind (row 24)', async () => {
    const identities: string[] = []
    await using stock = await stockInProcess((server) => {
      server.bind('', (_request: unknown, response: { end(): void }, next: () => void) => {
        setImmediate(() => {
          response.end()
          next()
        })
      })
      server.search(
        '',
        (request: { connection: { ldap: { bindDN: { toString(): string } } } }, response: { end(): void }) => {
          identities.push(request.connection.ldap.bindDN.toString())
          response.end()
        },
      )
    })
    const pipelined = [
      message(1, bindOperation('uid=ada,ou=people,dc=example,dc=com', 'ada-secret')),
      message(2, searchOperation({ filter: '(uid=ada)' })),
    ]
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(...pipelined)
    expect((await victim.next())?.messageId).toBe(2)
    expect(identities).toEqual(['cn=anonymous'])

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    client.send(...pipelined)
    expect(await client.next()).toMatchObject({ messageId: 1, resultCode: ResultCode.success })
    expect((await client.next())?.entries).toHaveLength(1)
  })

  test("sssd's bind with a password policy control without a value", async () => {
    const policy = control(Oid.passwordPolicy, false)
    await using stock = await startStockLdapjs('listening')
    await using victim = await RawLdapClient.connect(stock.port)
    victim.send(message(1, bindOperation('cn=x', 'y'), policy))
    expect(await victim.next()).toBeUndefined()

    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect(await client.request(1, bindOperation(reader.dn, reader.password), policy)).toMatchObject({
      resultCode: ResultCode.success,
    })
    await stillAnswers(server)
  })

  test('a compare by names in another case', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const answer = await client.request(
      2,
      compareOperation('UID=ADA, ou=People,DC=example,dc=com', 'CN', 'ADA  LOVELACE'),
    )
    expect(answer.resultCode).toBe(ResultCode.compareTrue)
  })
})

function manyEntries(count: number, description: string): string {
  const base = `dn: dc=example,dc=com\nobjectClass: top\nobjectClass: domain\ndc: example\n\n`
  const entries = Array.from(
    { length: count },
    (_, i) =>
      `dn: cn=entry${i},dc=example,dc=com\nobjectClass: organizationalRole\ncn: entry${i}\ndescription: ${description}\n\n`,
  )
  return base + oneAccount + entries.join('')
}

const oneAccount = `dn: uid=ada,dc=example,dc=com\nobjectClass: account\nuid: ada\n\n`
