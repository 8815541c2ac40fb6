import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Oid } from '../../server/protocol/oids.ts'
import { type ClientAuthority, makeClientAuthority } from '../builders/client-certificate.ts'
import { extendedOperation } from '../builders/client-requests.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, type RunningLdapServer, startTestLdapServer } from '../builders/running-ldap-server.ts'

let folder: string
let authority: ClientAuthority
let other: ClientAuthority
let server: RunningLdapServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-clients-'))
  authority = await makeClientAuthority()
  other = await makeClientAuthority()
  const clientCaFile = join(folder, 'clients.pem')
  await writeFile(clientCaFile, authority.caPem)
  server = await startTestLdapServer({ ldap: { tls: { port: 0, clientCaFile } } })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const versions = ['TLSv1.2', 'TLSv1.3'] as const
const options = (version: (typeof versions)[number], certificate: ConnectionOptions): ConnectionOptions => ({
  ca: server.caPem,
  servername: 'localhost',
  minVersion: version,
  maxVersion: version,
  ...certificate,
})

/** What a bind gives on a connection with TLS from the beginning, and with StartTLS. `ended`: the server hung up. */
async function outcomes(version: (typeof versions)[number], certificate: ConnectionOptions) {
  const attempts = [
    () => RawLdapClient.connectTls(server.tlsPort ?? 0, options(version, certificate)),
    async () => {
      const client = await RawLdapClient.connect(server.port)
      await client.request(1, extendedOperation(Oid.startTls))
      await client.startTls(options(version, certificate))
      return client
    },
  ]
  return await Promise.all(
    attempts.map(async (connect) => {
      try {
        await using client = await connect()
        return (await client.bind(reader.dn, reader.password)).resultCode
      } catch {
        return 'ended'
      }
    }),
  )
}

test.each(versions)('%s: a client with a certificate of the authority is served', async (version) => {
  expect(await outcomes(version, await authority.issue())).toEqual([0, 0])
})

test.each(
  versions.flatMap((version) =>
    (['none', 'of another authority', 'for servers', 'that has ended'] as const).map((which) => ({ version, which })),
  ),
)('$version: a client whose certificate is one $which is not', async ({ version, which }) => {
  const certificate = {
    none: async () => ({}),
    'of another authority': () => other.issue(),
    'for servers': () => authority.issue({ usage: 'serverAuth' }),
    'that has ended': () => authority.issue({ notAfter: new Date(Date.now() - 60_000) }),
  }[which]
  expect(await outcomes(version, await certificate())).toEqual(['ended', 'ended'])
})

test('a session is resumed with the certificate that the client had', async () => {
  const first = options('TLSv1.2', await authority.issue())
  const socket = connectTls({ ...first, host: '127.0.0.1', port: server.tlsPort ?? 0 })
  await once(socket, 'secureConnect')
  const session = socket.getSession()
  socket.destroy()
  const again = connectTls({ ...first, host: '127.0.0.1', port: server.tlsPort ?? 0, session })
  await once(again, 'secureConnect')
  expect(again.isSessionReused()).toBe(true)
  again.destroy()
  await using client = await RawLdapClient.connectTls(server.tlsPort ?? 0, {
    ...first,
    ...(session ? { session } : {}),
  })
  expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(0)
})
