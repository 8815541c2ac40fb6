import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { anonymous } from '../../server/directory/access-control.ts'
import type { LdapServices } from '../../server/ldap/services.ts'
import { createWireFront } from '../../server/ldap/wire-front.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { noticeOfDisconnection } from '../../server/protocol/response-encoder.ts'
import { bindOperation, extendedOperation, message, searchOperation } from '../builders/client-requests.ts'
import { configuredFolder } from '../builders/command-line.ts'
import { hungUp } from '../builders/hung-up.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { peopleLdif, reader, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

const people = `ou=people,${suffix}`
const tooMany = noticeOfDisconnection(ResultCode.busy, 'too many connections')

/** People of a size: what enumerations are made of. */
const manyPeople = (count: number, octetsEach: number) =>
  peopleLdif +
  Array.from(
    { length: count },
    (_, i) => `dn: uid=p${i},${people}\nobjectClass: account\nuid: p${i}\ndescription: ${'x'.repeat(octetsEach)}\n\n`,
  ).join('')

async function connected(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** What the server sends before it closes. */
async function untilClosed(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await hungUp(socket)
  return Buffer.concat(chunks)
}

async function boundClient(port: number): Promise<RawLdapClient> {
  const client = await RawLdapClient.connect(port)
  await client.bind(reader.dn, reader.password)
  return client
}

/** Gives the server its turns until something has become true. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nextTurn()
}

/** Resident memory of another process. */
function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

const openFiles = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
const hasFiles = openFiles > 10_500 || process.env['ROSTERD_TEST_ALL'] === '1'
const whyNot = hasFiles ? '' : ` (skipped: ulimit -n is ${openFiles}, 10500 are needed)`

test.skipIf(!hasFiles)(
  `10,000 connections are held, all bound and idle, and one more is told why not${whyNot}`,
  { timeout: 120_000 },
  async () => {
    await using folder = await configuredFolder()
    await using server = await folder.serve()
    const port = server.ports.ldap
    await using client = await boundClient(port)
    const before = residentMiB(server.pid)
    const bind = message(1, bindOperation(reader.dn, reader.password))
    const idle: Socket[] = []
    try {
      while (idle.length < 9_999) {
        const source = `127.0.0.${2 + (idle.length % 5)}`
        const opened = await Promise.all(
          Array.from({ length: Math.min(500, 9_999 - idle.length) }, () => connected(port, source)),
        )
        idle.push(...opened)
        await Promise.all(
          opened.map((socket) => {
            socket.write(bind)
            return once(socket, 'data')
          }),
        )
      }
      const { resultCode, entries } = await client.search({ filter: '(uid=ada)' })
      expect([resultCode, entries.length]).toEqual([ResultCode.success, 1])
      expect(await untilClosed(await connected(port))).toEqual(tooMany)
      const grown = residentMiB(server.pid) - before
      process.stdout.write(`idle: 10,000 connections, ${grown.toFixed(0)} MiB\n`)
      expect(grown).toBeLessThan(400)
      const leaving = idle.pop()
      leaving?.destroy()
      await client.search({ filter: '(uid=ada)' })
      await using late = await boundClient(port)
      expect((await late.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
    } finally {
      for (const socket of idle) socket.destroy()
    }
  },
)

describe('limits of connections', () => {
  /** Opens connections that the server takes for connections from these addresses; gives those that it refused. */
  async function refusedOf(addresses: readonly string[], limits: object): Promise<readonly string[]> {
    const config = configSchema.parse({ ldap: { limits } }).ldap
    // Nothing else is asked of the services before a client sends anything.
    const front = createWireFront({ limits: config.limits, isProxy: () => false } as unknown as LdapServices, {
      answer: () => Promise.reject(new Error('nothing was asked')),
    })
    const arriving = [...addresses]
    const listener = createServer((socket) => {
      Object.defineProperty(socket, 'remoteAddress', { value: arriving.shift() })
      front.accept(socket)
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo // a TCP listener's address is never a path
    const refused: string[] = []
    let accepted = 0
    for (const [index, address] of addresses.entries()) {
      const socket = await connected(port)
      const closed = untilClosed(socket).then((octets) => {
        if (octets.equals(tooMany)) refused.push(address)
      })
      await until(() => arriving.length === addresses.length - index - 1)
      if (front.connections > accepted) accepted = front.connections
      else await closed
    }
    await front.close(0)
    listener.close()
    return refused
  }

  test('count by address, and IPv6 by its /64', async () => {
    const addresses = [
      '192.0.2.1',
      '192.0.2.1',
      '192.0.2.1',
      '192.0.2.2',
      '2001:db8:0:1::1',
      '2001:db8:0:1:2:3:4:5',
      '2001:db8:0:1:ffff::',
      '2001:db8:0:2::1',
      '2001:db8::1',
      '2001:db8:0:0:1::',
      '2001:db8::2:0:0:1',
    ]
    expect(await refusedOf(addresses, { connectionsPerAddress: 2 })).toEqual([
      '192.0.2.1',
      '2001:db8:0:1:ffff::',
      '2001:db8::2:0:0:1',
    ])
  })

  test('spare loopback, which counts in all', async () => {
    const addresses = ['127.0.0.1', '127.0.0.1', '127.0.0.1', '::1', '::ffff:127.0.0.1', '192.0.2.1']
    expect(await refusedOf(addresses, { connectionsPerAddress: 1, connections: 5 })).toEqual(['192.0.2.1'])
  })

  test('hold for ldaps:// before its handshake too', async () => {
    await using server = await startTestLdapServer({ ldap: { limits: { connections: 2 } } })
    const silent = [await connected(server.tlsPort ?? 0), await connected(server.tlsPort ?? 0)]
    await until(() => server.connections === 2)
    await untilClosed(await connected(server.tlsPort ?? 0))
    expect(await untilClosed(await connected(server.port))).toEqual(tooMany)
    for (const socket of silent) socket.destroy()
    await until(() => server.connections === 0)
    await using client = await boundClient(server.port)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
  })
})

describe('slow bytes', () => {
  const soon = { limits: { handshakeSeconds: 0.5 } }
  const notCompleted = noticeOfDisconnection(ResultCode.protocolError, 'message not completed in time')
  const request = message(2, searchOperation({ filter: '(uid=ada)' }))

  test('a request that comes one byte at a time is answered', async () => {
    await using server = await startTestLdapServer()
    await using client = await boundClient(server.port)
    for (const octet of request) {
      client.send(Buffer.of(octet))
      await nextTurn()
    }
    expect((await client.next())?.entries).toHaveLength(1)
  })

  test('half a message is waited for so long and no longer', async () => {
    await using server = await startTestLdapServer({ ldap: soon })
    const socket = await connected(server.port)
    socket.write(request.subarray(0, 10))
    expect(await untilClosed(socket)).toEqual(notCompleted)
    await until(() => server.connections === 0)
  })

  test('a message that trickles in does not hold its connection open', async () => {
    await using server = await startTestLdapServer({ ldap: soon })
    const socket = await connected(server.port)
    socket.write(message(1, bindOperation(reader.dn, reader.password)))
    await once(socket, 'data')
    const answer = untilClosed(socket)
    socket.write(Buffer.from('30830f0000', 'hex'))
    while (!socket.closed) {
      socket.write(Buffer.of(0))
      await nextTurn()
    }
    expect(await answer).toEqual(notCompleted)
  })

  /** A client that is cut off: when it is, the time for others who began before it is over as well. */
  async function timeIsUp(port: number): Promise<void> {
    const socket = await connected(port)
    socket.write(request.subarray(0, 10))
    await untilClosed(socket)
  }

  test('a client that is busy all the time is not cut off, wherever its bytes are cut', async () => {
    await using server = await startTestLdapServer({ ldap: soon })
    await using client = await boundClient(server.port)
    client.send(request.subarray(0, 10))
    let isUp = false
    const up = timeIsUp(server.port).then(() => (isUp = true))
    while (!isUp) {
      client.send(request.subarray(10), request.subarray(0, 10))
      expect((await client.next())?.resultCode).toBe(ResultCode.success)
    }
    await up
  })

  test('time does not count while the server itself holds a client back', async () => {
    let letIn = (): void => undefined
    const held = new Promise<void>((resolve) => (letIn = resolve))
    const authenticator = {
      authenticate: () => held.then(() => ({ identity: anonymous, credential: 'x', mustChange: false })),
      changePassword: () => Promise.resolve({ refused: 'not here' }),
      overBecause: () => undefined,
    }
    await using server = await startTestLdapServer({ ldap: soon, authenticator })
    await using client = await RawLdapClient.connect(server.port)
    const root = message(2, searchOperation({ base: '', scope: 0 }))
    client.send(message(1, bindOperation(reader.dn, reader.password)), root, root.subarray(0, 10))
    await timeIsUp(server.port)
    letIn()
    expect((await client.next())?.resultCode).toBe(ResultCode.success)
    expect((await client.next())?.entries).toHaveLength(1)
    client.send(root.subarray(10))
    expect((await client.next())?.entries).toHaveLength(1)
  })

  test.each(['StartTLS', 'ldaps://'])('a handshake of %s that does not come is not waited for', async (way) => {
    await using server = await startTestLdapServer({ ldap: soon })
    const socket = await connected(way === 'ldaps://' ? (server.tlsPort ?? 0) : server.port)
    if (way === 'StartTLS') socket.write(message(1, extendedOperation(Oid.startTls)))
    await untilClosed(socket)
    await until(() => server.connections === 0)
  })

  test('a handshake that ends half way frees its connection', async () => {
    await using server = await startTestLdapServer()
    const socket = await connected(server.tlsPort ?? 0)
    const secure = connectTls({ socket, ca: server.caPem, servername: 'localhost' })
    secure.on('error', () => undefined)
    secure.destroy()
    socket.destroy()
    await using client = await boundClient(server.port)
    await until(() => server.connections === 1)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
    expect(server.defects).toEqual([])
  })
})

describe('half-open sockets', () => {
  test.each([
    ['nobody is bound', false],
    ['somebody is bound', true],
  ])('a connection that nothing comes over is closed, where %s', async (_name, isBound) => {
    await using server = await startTestLdapServer({ ldap: { limits: { idleSeconds: 0.1 } } })
    const socket = await connected(server.port)
    if (isBound) {
      socket.write(message(1, bindOperation(reader.dn, reader.password)))
      await once(socket, 'data')
    }
    expect(await untilClosed(socket)).toEqual(noticeOfDisconnection(ResultCode.unavailable, 'idle for too long'))
    await until(() => server.connections === 0)
  })

  test('a client that has closed its side gets what it asked for before, and is let go', async () => {
    await using server = await startTestLdapServer()
    const socket = await connected(server.port)
    socket.end(
      Buffer.concat([
        message(1, bindOperation(reader.dn, reader.password)),
        message(2, searchOperation({ base: '', scope: 0, attributes: ['vendorName'] })),
      ]),
    )
    expect((await untilClosed(socket)).includes('Rosterd')).toBe(true)
    await until(() => server.connections === 0)
    expect(server.defects).toEqual([])
  })

  test('clients that vanish in the middle of an enumeration leave nothing behind', async () => {
    await using server = await startTestLdapServer({ ldif: manyPeople(3_000, 2_000) })
    for (let i = 0; i < 20; i += 1) {
      const client = await boundClient(server.port)
      client.pause()
      client.send(...Array.from({ length: 20 }, (_, n) => message(2 + n, searchOperation({ base: people }))))
      client.destroy()
    }
    await until(() => server.connections === 0)
    await using client = await boundClient(server.port)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
    expect(server.defects).toEqual([])
  })
})

describe('slow readers', () => {
  test('cost a bounded amount of memory each, and get every answer once they read', { timeout: 120_000 }, async () => {
    const count = 4_000
    await using folder = await configuredFolder({}, manyPeople(count, 2_000))
    await using server = await folder.serve()
    await using client = await boundClient(server.ports.ldap)
    await client.search({ base: people })
    const before = residentMiB(server.pid)
    const readers = await Promise.all(Array.from({ length: 20 }, () => boundClient(server.ports.ldap)))
    const all = { base: people, scope: 1 }
    for (const slow of readers) {
      slow.pause()
      // Each asks for 2 GB.
      slow.send(...Array.from({ length: 250 }, (_, i) => message(10 + i, searchOperation(all))))
    }
    let most = 0
    for (let i = 0; i < 500; i += 1) {
      expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
      most = Math.max(most, residentMiB(server.pid))
    }
    process.stdout.write(`slow readers: 20, ${(most - before).toFixed(0)} MiB\n`)
    expect(most - before).toBeLessThan(20 * 12)
    const [first] = readers
    first?.resume()
    for (let i = 0; i < 10; i += 1) {
      const answer = await first?.next()
      expect([answer?.resultCode, answer?.entries.length]).toEqual([ResultCode.success, count + 3])
    }
    for (const slow of readers) await slow[Symbol.asyncDispose]()
  })

  test('10,000 requests of a client that reads nothing are not all taken in, and all answered once it reads', async () => {
    await using server = await startTestLdapServer({ ldif: manyPeople(1, 3_000) })
    await using other = await boundClient(server.port)
    await using client = await boundClient(server.port)
    client.pause()
    const count = 10_000
    const filter = `(|(uid=p0)(uid=${'x'.repeat(2_000)}))`
    client.send(...Array.from({ length: count }, (_, i) => message(2 + i, searchOperation({ filter }))))
    const binds = server.operations.length
    let others = 0
    const taken = () => server.operations.length - binds - others
    /** Whether the server goes on with the client's requests while it answers somebody else. */
    const goesOn = async (): Promise<boolean> => {
      const before = taken()
      for (let i = 0; i < 100; i += 1) {
        await other.search({ filter: '(uid=ada)' })
        others += 1
      }
      return taken() > before
    }
    while (await goesOn());
    expect(taken()).toBeGreaterThan(0)
    expect(taken()).toBeLessThan(count)
    client.resume()
    // In any order (RFC 4511 §3.1): a search that waited for the client may be overtaken by the next one.
    const unanswered = new Set(Array.from({ length: count }, (_, i) => 2 + i))
    while (unanswered.size > 0) {
      const answer = await client.next()
      expect([answer?.resultCode, answer?.entries.length]).toEqual([ResultCode.success, 1])
      expect(unanswered.delete(answer?.messageId ?? 0), `message ${answer?.messageId} answered once`).toBe(true)
    }
    expect(server.defects).toEqual([])
  })
})
