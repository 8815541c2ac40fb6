import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BerReader, Tag } from '../../server/protocol/ber-reader.ts'
import { bindOperation, message } from '../builders/client-requests.ts'
import { hungUp } from '../builders/hung-up.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, type RunningLdapServer, startTestLdapServer } from '../builders/running-ldap-server.ts'

/* The proxy is 127.0.0.1; whoever comes from another address is none. */

let server: RunningLdapServer
beforeAll(async () => {
  server = await startTestLdapServer({ ldap: { proxyProtocol: ['127.0.0.1'] } })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const client = '192.0.2.77'
const version1 = Buffer.from(`PROXY TCP4 ${client} 127.0.0.1 40000 389\r\n`)
const version2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc000024d7f0000019c400185', 'hex')
const bindReader = message(1, bindOperation(reader.dn, reader.password))

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

async function resultCodeFrom(socket: { once(event: 'data', on: (chunk: Buffer) => void): unknown }): Promise<number> {
  const answer = new BerReader(await new Promise<Buffer>((resolve) => socket.once('data', resolve)))
  const envelope = answer.readConstructed(Tag.sequence)
  envelope.readInteger()
  return envelope.readConstructed(envelope.peekTag()).readInteger(Tag.enumerated)
}

const lastBind = () => {
  const lines = server.accessLines.map((line) => JSON.parse(line) as { operation: string; remoteAddress: string })
  return lines.findLast(({ operation }) => operation === 'bind')?.remoteAddress
}

test.each([
  ['version 1', version1],
  ['version 2', version2],
])(
  'the client is whom the proxy names, by %s, and no other: its password may not come in the clear',
  async (_, header) => {
    const socket = await open(server.port)
    socket.write(Buffer.concat([header, bindReader]))
    expect(await resultCodeFrom(socket)).toBe(13)
    expect(lastBind()).toBe(client)
    socket.destroy()
  },
)

test('over LDAPS the header comes before the handshake, in one piece with it or octet by octet', async () => {
  for (const pieces of [[version2], [...version1].map((octet) => Buffer.of(octet))]) {
    const socket = await open(server.tlsPort ?? 0)
    for (const piece of pieces) socket.write(piece)
    const secure = connectTls({ socket, ca: server.caPem, servername: 'localhost' })
    await once(secure, 'secureConnect')
    secure.write(bindReader)
    expect(await resultCodeFrom(secure)).toBe(0)
    expect(lastBind()).toBe(client)
    secure.destroy()
  }
})

test('a proxy that does not say whom it is for is cut off', async () => {
  const socket = await open(server.port)
  socket.write(bindReader)
  const answers: Buffer[] = []
  socket.on('data', (chunk: Buffer) => answers.push(chunk))
  await hungUp(socket)
  expect(answers).toEqual([])
})

test('who is no proxy cannot say that it is somebody else', async () => {
  await using honest = await RawLdapClient.connect(server.port, '127.0.0.2')
  expect((await honest.bind(reader.dn, reader.password)).resultCode).toBe(0)
  expect(lastBind()).toBe('127.0.0.2')
  const liar = connect({ host: '127.0.0.1', port: server.port, localAddress: '127.0.0.2', noDelay: true })
  await once(liar, 'connect')
  liar.write(Buffer.concat([version1, bindReader]))
  liar.resume()
  await hungUp(liar)
  expect(lastBind()).toBe('127.0.0.2')
})

test('what a header is cut into, and hostile ones, end nothing but their connection', async () => {
  for (const octets of ['PROXY ', 'PROXY TCP4 1.2.3.4 1', '\r\n\r\n\0\r\nQUIT\n', 'GET / HTTP/1.1\r\n', '\u0000']) {
    const socket = await open(server.port)
    socket.end(octets)
    socket.resume()
    await hungUp(socket)
  }
  expect(server.defects).toEqual([])
  const socket = await open(server.port)
  socket.write(Buffer.concat([version1, bindReader]))
  expect(await resultCodeFrom(socket)).toBe(13)
  socket.destroy()
})

test('who has a whole IPv6 /64 takes one turn of password checks, and keeps nobody else out', async () => {
  await using crowded = await startTestLdapServer({
    ldap: { proxyProtocol: ['127.0.0.1'], allowCleartextBind: 'always' },
  })
  const bindFrom = async (address: string, name: string) => {
    const socket = await open(crowded.port)
    socket.write(`PROXY TCP6 ${address} 2001:db8:ffff::1 40000 389\r\n`)
    const answer = resultCodeFrom(socket)
    socket.write(message(1, bindOperation(name, 'x')))
    return { socket, answer }
  }
  const crowd = await Promise.all(
    Array.from({ length: 200 }, (_, n) => bindFrom(`2001:db8::${n.toString(16)}`, `uid=nobody${n},dc=example,dc=com`)),
  )
  expect(
    await Promise.race(crowd.map(({ answer }) => answer.then((code) => (code === 51 ? code : new Promise(() => 0))))),
  ).toBe(51)
  const other = await bindFrom('2001:db8:0:1::1', 'uid=ada,ou=people,dc=example,dc=com')
  expect(await other.answer).toBe(49)
  for (const { socket } of [...crowd, other]) socket.destroy()
})
