import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Client } from 'ldapts'
import { RawLdapClient } from '../../builders/raw-ldap-client.ts'
import { reader, type RunningLdapServer, startTestLdapServer } from '../../builders/running-ldap-server.ts'

const ada = 'uid=ada,ou=people,dc=example,dc=com'
const hour = 3_600_000
let server: RunningLdapServer

beforeAll(async () => {
  server = await startTestLdapServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** What was told since the last question, without time and binder. */
let asked = 0
beforeEach(() => {
  asked = server.happenings.length
})
const told = () =>
  server.happenings.slice(asked).map((happening) => ({ ...happening, at: undefined, binder: undefined }))
const watch = (forMs: number, addresses: readonly string[] = []) =>
  server.clientWatch.watch({ binder: reader.name, untilMs: server.clock.now().getTime() + forMs, addresses })

async function comes(from: string): Promise<void> {
  await using host = await RawLdapClient.connect(server.port, from)
  await host.bind(reader.dn, reader.password)
  await host.search({ filter: '(uid=ada)' })
  await host.search({ filter: '(objectClass=groupOfNames)' })
  await using login = await RawLdapClient.connect(server.port, from)
  await login.bind(ada, 'ada-secret')
  await login.search({ filter: '(uid=ada)' })
}

test('while nobody watches, nothing is told, and nothing looked at', async () => {
  await comes('127.0.0.40')
  expect(server.clientWatch.isIdle).toBe(true)
  expect(told()).toEqual([])
})

test('a client connects, looks somebody up, and that person signs in', async () => {
  watch(hour)
  await comes('127.0.0.41')
  expect(told()).toEqual([
    { kind: 'connected', address: '127.0.0.41', tls: null },
    { kind: 'found', address: '127.0.0.41', person: 'ada' },
    { kind: 'signed-in', address: '127.0.0.41', person: 'ada' },
  ])
})

test('the version of TLS is told, after StartTLS and from the beginning', async () => {
  watch(hour)
  const tlsOptions = { ca: [server.caPem] }
  const secure = new Client({ url: `ldaps://localhost:${server.tlsPort}`, tlsOptions })
  await secure.bind(reader.dn, reader.password)
  await secure.unbind()
  expect(told()).toMatchObject([{ kind: 'connected', tls: 'TLSv1.3' }])
  server.clock.advance(61_000)
  const upgraded = new Client({ url: `ldap://localhost:${server.port}` })
  await upgraded.startTLS(tlsOptions)
  await upgraded.bind(`CN=${reader.name}, dc=example,dc=com`, reader.password)
  await upgraded.unbind()
  expect(told()).toMatchObject([{ tls: 'TLSv1.3' }, { kind: 'connected', tls: 'TLSv1.3' }])
})

test('who is refused is told with the reason; who comes from elsewhere is not', async () => {
  server.clock.advance(61_000)
  watch(hour)
  await using wrong = await RawLdapClient.connect(server.port, '127.0.0.42')
  await wrong.bind(reader.dn, 'wrong')
  await wrong.bind(ada, 'ada-secret') // no client of the binder, as far as is known
  await wrong.bind(reader.dn, reader.password)
  await wrong.bind(ada, 'wrong')
  await wrong.bind('nobody at all', 'x')
  expect(told()).toEqual([
    { kind: 'refused', address: '127.0.0.42', reason: 'wrong password' },
    { kind: 'connected', address: '127.0.0.42', tls: null },
    { kind: 'sign-in refused', address: '127.0.0.42', person: 'ada', reason: 'wrong password' },
    {
      kind: 'sign-in refused',
      address: '127.0.0.42',
      person: 'nobody at all',
      reason: 'no single person has this name',
    },
  ])
})

test('the same in a minute is told once, and no more than 60 things of a binder', async () => {
  server.clock.advance(61_000)
  watch(hour)
  await comes('127.0.0.43')
  await comes('127.0.0.43')
  expect(told()).toHaveLength(3)
  for (let n = 0; n < 80; n++)
    server.clientWatch.bound({
      address: '127.0.0.43',
      tls: null,
      name: `uid=u${n},ou=people,dc=example,dc=com`,
      identity: { kind: 'anonymous' },
      lastBinder: reader.name,
      reason: 'no such entry',
    })
  expect(told()).toHaveLength(60)
})

test('a watch ends by itself', async () => {
  watch(hour)
  server.clock.advance(2 * hour)
  await comes('127.0.0.44')
  expect(told()).toEqual([])
  expect(server.clientWatch.isIdle).toBe(true)
})

test('people who sign in where clients of the binder were seen before are told from the first one on', async () => {
  watch(hour, ['127.0.0.45'])
  await using login = await RawLdapClient.connect(server.port, '127.0.0.45')
  await login.bind(ada, 'ada-secret')
  expect(told()).toEqual([{ kind: 'signed-in', address: '127.0.0.45', person: 'ada' }])
})
