import type { Request, Response } from 'express'
import { expect, test } from 'vitest'
import { type AdminServerOptions, startAdminServer } from '../../../admin-ui/admin-server.ts'
import { loopbackOnly } from '../../../admin-ui/middleware/loopback-only.ts'
import { noAuthorizationLinks } from './no-authorization-links.ts'
import { noAdministration } from './no-administration.ts'
import { noSelfService } from './no-self-service.ts'

async function serving(options: Partial<AdminServerOptions> = {}) {
  const logged: unknown[] = []
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    ready: () => ({ ok: true, reasons: [], warnings: [] }),
    metricsText: async () => 'rosterd_up 1\n',
    caPem: () => '-----BEGIN CERTIFICATE-----\n',
    organization: 'Example',
    enrollment: { find: async () => undefined, confirm: async () => undefined },
    publicUrl: 'http://localhost:8080',
    authorizationLinks: () => noAuthorizationLinks,
    changeHooks: { receive: async () => undefined },
    selfService: noSelfService,
    administration: noAdministration,
    logger: { error: (...fields: unknown[]) => void logged.push(fields) },
    ...options,
  })
  const url = `http://127.0.0.1:${server.port}`
  return {
    port: server.port,
    logged,
    get: (path: string, init?: RequestInit) => fetch(url + path, init),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

const html = { headers: { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' } }

test('says that the process lives', async () => {
  await using server = await serving()
  const answer = await server.get('/healthz')
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }])
})

test('is ready, or says why not with 503', async () => {
  let reasons: string[] = []
  await using server = await serving({ ready: () => ({ ok: reasons.length === 0, reasons, warnings: [] }) })
  const ready = await server.get('/readyz')
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', reasons: [], warnings: [] }])
  reasons = ['the directory is being loaded']
  const notReady = await server.get('/readyz')
  expect([notReady.status, await notReady.json()]).toEqual([503, { status: 'not ready', reasons, warnings: [] }])
})

test('gives metrics as Prometheus reads them', async () => {
  await using server = await serving()
  const answer = await server.get('/metrics')
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await answer.text()).toBe('rosterd_up 1\n')
})

test.each([
  ['127.0.0.1', {}, undefined],
  ['::ffff:127.0.0.1', {}, undefined],
  ['10.1.2.3', {}, 403],
  ['2001:db8::1', {}, 403],
  [undefined, {}, 403],
  // A proxy on this machine that nobody has declared.
  ['127.0.0.1', { 'x-forwarded-for': '203.0.113.9' }, 403],
  ['127.0.0.1', { forwarded: 'for=203.0.113.9' }, 403],
  ['127.0.0.1', { via: '1.1 proxy' }, 403],
  ['10.1.2.3', { 'x-forwarded-for': '127.0.0.1' }, 403],
])('metrics for a client at %s with %o: %s', (remoteAddress, headers: Readonly<Record<string, string>>, status) => {
  const request = { socket: { remoteAddress }, get: (name: string) => headers[name] } as unknown as Request
  let passed = false
  const check = () => loopbackOnly(request, {} as Response, () => void (passed = true))
  if (status === undefined) check()
  else expect(check).toThrow(expect.objectContaining({ status }))
  expect(passed).toBe(status === undefined)
})

test('serves the private certificate authority, or says that there is none', async () => {
  let pem: string | undefined = '-----BEGIN CERTIFICATE-----\n'
  await using server = await serving({ caPem: () => pem })
  const answer = await server.get('/ca.pem')
  expect(answer.headers.get('content-type')).toContain('application/x-pem-file')
  expect(await answer.text()).toBe(pem)
  pem = undefined
  expect((await server.get('/ca.pem')).status).toBe(404)
})

test('shows a plain page, with reasons escaped', async () => {
  let reasons: string[] = []
  await using server = await serving({ ready: () => ({ ok: reasons.length === 0, reasons, warnings: [] }) })
  const page = await (await server.get('/', html)).text()
  expect(page).toContain('<!doctype html>')
  expect(page).toContain('<h1>Rosterd is running</h1>')
  expect(page).toContain('The directory answers LDAP.')
  reasons = ['<script>alert(1)</script>']
  const notReady = await (await server.get('/', html)).text()
  expect(notReady).toContain('<li>&lt;script&gt;alert(1)&lt;/script&gt;</li>')
})

test.each(['/', '/healthz', '/nowhere', '/ca.pem'])('%s has the security headers', async (path) => {
  await using server = await serving()
  const { headers } = await server.get(path)
  expect(headers.get('content-security-policy')).toBe(
    "default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'",
  )
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('x-frame-options')).toBe('DENY')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.has('x-powered-by')).toBe(false)
})

test('answers 404 as problem details, and as a page to a browser', async () => {
  await using server = await serving()
  const answer = await server.get('/nowhere')
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
  expect([answer.status, await answer.json()]).toEqual([
    404,
    { type: 'about:blank', title: 'Not Found', status: 404, detail: 'There is nothing at this address.' },
  ])
  const page = await server.get('/nowhere', html)
  expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
  expect(await page.text()).toContain('<h1>404 Not Found</h1>')
})

test('pages name their style sheet by its contents, and browsers may keep it', async () => {
  await using server = await serving()
  const page = await (await server.get('/', html)).text()
  const [, address = ''] = /<link rel="stylesheet" href="([^"]+)">/.exec(page) ?? []
  expect(address).toMatch(/^\/assets\/rosterd\.[0-9a-f]{12}\.css$/)
  const sheet = await server.get(address)
  expect([sheet.status, sheet.headers.get('content-type'), sheet.headers.get('cache-control')]).toEqual([
    200,
    'text/css; charset=utf-8',
    'public, max-age=31536000, immutable',
  ])
  expect((await server.get('/assets/rosterd.000000000000.css')).status).toBe(404)
  expect((await server.get('/assets/..%2fadmin-server.ts')).status).toBe(404)
})

test('answers 405 with the methods that there are', async () => {
  await using server = await serving()
  const answer = await server.get('/healthz', { method: 'DELETE' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect((await server.get('/healthz', { method: 'HEAD' })).status).toBe(200)
})

test('tells the client nothing of an error, and the log everything', async () => {
  const error = new Error('hush: /etc/secret')
  await using server = await serving({ metricsText: () => Promise.reject(error) })
  for (const init of [undefined, html]) {
    const answer = await server.get('/metrics', init)
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toMatch(/hush|Error:| at /)
  }
  expect(server.logged).toContainEqual([{ err: error, method: 'GET', path: '/metrics' }, 'HTTP request failed'])
})

test('counts answers by method and status', async () => {
  const answers: [string, number][] = []
  await using server = await serving({ onAnswer: (...answer) => answers.push(answer) })
  await (await server.get('/healthz')).text()
  await (await server.get('/nowhere', { method: 'PROPFIND' })).text()
  expect(answers).toEqual([
    ['GET', 200],
    ['other', 404],
  ])
})

test('says in one sentence why it cannot listen', async () => {
  await using server = await serving()
  await expect(serving({ port: server.port })).rejects.toThrow(
    `The admin page cannot listen on 127.0.0.1 port ${server.port}: the port is in use; stop what uses it or set admin.port.`,
  )
})

test('closing lets a request under way finish, and then nothing listens', async () => {
  const asked = Promise.withResolvers<void>()
  const metrics = Promise.withResolvers<string>()
  const server = await serving({
    metricsText: () => {
      asked.resolve()
      return metrics.promise
    },
  })
  const answer = server.get('/metrics', { headers: { connection: 'close' } })
  await asked.promise
  const closed = server[Symbol.asyncDispose]()
  metrics.resolve('late 1\n')
  expect(await (await answer).text()).toBe('late 1\n')
  await closed
  await expect(server.get('/healthz')).rejects.toThrow()
})
