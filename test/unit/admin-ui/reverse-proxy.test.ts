import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AdministeredServer, adminPassword, startAdministeredServer } from '../../builders/administered-server.ts'

/** Where the log says that the last sign-in came from. */
async function addressOfSignIn(server: AdministeredServer, headers: Readonly<Record<string, string>>): Promise<string> {
  const fields = { name: 'ada', password: adminPassword }
  const answer = await server.visitor().post('/admin/sign-in', fields, { 'sec-fetch-site': 'same-origin', ...headers })
  expect(answer.status).toBe(303)
  const last = server.logged.findLast((line) => 'message' in line && line.message === 'administrator signed in')
  return (last as { readonly address: string }).address
}

describe('behind a proxy that is trusted', () => {
  let server: AdministeredServer
  beforeAll(async () => {
    server = await startAdministeredServer({ settings: { admin: { trustProxy: ['127.0.0.0/8', '10.0.0.5'] } } })
    await server.admin('ada', 'owner')
  })
  afterAll(() => server[Symbol.asyncDispose]())

  test.each([
    ['the address that it tells', '203.0.113.9', '203.0.113.9'],
    ['IPv6', '2001:db8::9', '2001:db8::9'],
    ['what the client wrote before it', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['a proxy before it that is trusted too', '203.0.113.9, 10.0.0.5', '203.0.113.9'],
    ['a proxy before it that is not', '203.0.113.9, 10.0.0.6', '10.0.0.6'],
    ['no address', 'unknown', '127.0.0.1'],
    ['nothing', '', '127.0.0.1'],
  ])('the address of a client: %s', async (_, forwarded, address) => {
    expect(await addressOfSignIn(server, forwarded === '' ? {} : { 'x-forwarded-for': forwarded })).toBe(address)
    expect(await server.administrators.list()).toMatchObject([{ lastSignIn: { address } }])
  })

  test('wrong passwords count for the address of the client', async () => {
    const attempt = async (address: string, password: string) =>
      await server
        .visitor()
        .post(
          '/admin/sign-in',
          { name: 'ada', password },
          { 'sec-fetch-site': 'same-origin', 'x-forwarded-for': address },
        )
    for (let guess = 0; guess < 11; guess += 1) await attempt('192.0.2.66', `guess ${guess}`)
    expect((await attempt('192.0.2.66', adminPassword)).status).toBe(429)
    expect((await attempt('192.0.2.77', adminPassword)).status).toBe(303)
  })

  test('metrics are for this machine, and not for whom the proxy speaks', async () => {
    const metrics = async (headers: Readonly<Record<string, string>>) =>
      (await fetch(`${server.origin}/metrics`, { headers })).status
    expect(await metrics({})).toBe(200)
    expect(await metrics({ 'x-forwarded-for': '203.0.113.9' })).toBe(403)
  })

  test('a browser that came by HTTPS is told to stay with it', async () => {
    const header = async (protocol: string) => {
      const answer = await fetch(server.origin, { headers: { 'x-forwarded-proto': protocol } })
      return answer.headers.get('strict-transport-security')
    }
    expect(await header('https')).toBe('max-age=31536000')
    expect(await header('http')).toBeNull()
  })
})

describe.each([
  ['no proxy is declared', []],
  ['the proxies are elsewhere', ['192.0.2.0/24', '2001:db8::/32']],
])('where %s', (_, trustProxy) => {
  test('headers that anybody can write are not believed', async () => {
    await using server = await startAdministeredServer({ settings: { admin: { trustProxy } } })
    await server.admin('ada', 'owner')
    const headers = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' }
    expect(await addressOfSignIn(server, headers)).toBe('127.0.0.1')
    const answer = await fetch(server.origin, { headers: { ...headers, 'x-forwarded-proto': 'https' } })
    expect(answer.headers.has('strict-transport-security')).toBe(false)
  })
})
