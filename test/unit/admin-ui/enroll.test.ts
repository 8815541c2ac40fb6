import { expect, test } from 'vitest'
import { type AdminServerOptions, startAdminServer } from '../../../admin-ui/admin-server.ts'
import { noAuthorizationLinks } from './no-authorization-links.ts'
import { noAdministration } from './no-administration.ts'
import { noSelfService } from './no-self-service.ts'

type Enrollment = AdminServerOptions['enrollment']

/** A server with one link, `good`, that works until it is used. */
async function serving(changes: Partial<Enrollment> = {}) {
  const logged: unknown[] = []
  const used: string[] = []
  const invitee = async (token: string) =>
    token === 'good' && !used.includes(token)
      ? { entryUUID: 'uuid-of-ada', name: '<b>Ada</b>', isInvited: true }
      : undefined
  const enrollment: Enrollment = {
    find: invitee,
    async confirm(token) {
      const found = await invitee(token)
      used.push(token)
      return found
    },
    ...changes,
  }
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    ready: () => ({ ok: true, reasons: [], warnings: [] }),
    metricsText: async () => '',
    caPem: () => undefined,
    publicUrl: 'http://localhost:8080',
    authorizationLinks: () => noAuthorizationLinks,
    changeHooks: { receive: async () => undefined },
    selfService: noSelfService,
    administration: noAdministration,
    organization: 'Example',
    enrollment,
    logger: { error: (...fields: unknown[]) => void logged.push(fields) },
  })
  const origin = `http://127.0.0.1:${server.port}`
  const page = { accept: 'text/html' }
  return {
    logged,
    used,
    origin,
    show: (token: string) => fetch(`${origin}/enroll/${token}`, { headers: page }),
    press: (token: string, headers: Record<string, string> = { origin }) =>
      fetch(`${origin}/enroll/${token}`, { method: 'POST', redirect: 'manual', headers: { ...page, ...headers } }),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

test('a link opens a page that says what the button does; looking uses nothing up', async () => {
  await using server = await serving()
  for (let n = 0; n < 2; n++) {
    const answer = await server.show('good')
    const html = await answer.text()
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(html).toContain('Hello &lt;b&gt;Ada&lt;/b&gt;, Example has a directory account for you.')
    expect(html).toContain('<form method="post">')
    expect(html).not.toMatch(/<script>|style=/)
  }
  expect(server.used).toEqual([])
})

test('the button uses the link up, and signs the person in', async () => {
  await using server = await serving()
  const answer = await server.press('good')
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/me'])
  expect(answer.headers.get('set-cookie')).toMatch(/^rosterd-me=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
  expect((await server.press('good')).status).toBe(404)
})

test('unknown and used links get one and the same page', async () => {
  await using server = await serving()
  await server.press('good')
  const texts = await Promise.all(
    [server.show('good'), server.show('wrong'), server.press('good'), server.press('wrong')].map(async (answer) => {
      const { status, text } = await answer.then(async (a) => ({ status: a.status, text: await a.text() }))
      return `${status} ${text}`
    }),
  )
  expect(new Set(texts).size).toBe(1)
  expect(texts[0]).toContain('This link cannot be used, or not any more. Ask your administrator for a new one.')
})

test.each([
  [{}, 403],
  [{ origin: 'null' }, 403],
  [{ origin: 'https://evil.example' }, 403],
  [{ origin: 'http://127.0.0.1:1' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'same-site' }, 403],
  [{ 'sec-fetch-site': 'none' }, 403],
  [{ 'sec-fetch-site': 'same-origin' }, 303],
])('a form sent with %j is answered %i', async (headers, status) => {
  await using server = await serving()
  expect((await server.press('good', headers)).status).toBe(status)
  expect(server.used).toEqual(status === 303 ? ['good'] : [])
})

test('browsers are asked to say where the form comes from, to this server alone', async () => {
  await using server = await serving()
  expect((await server.show('good')).headers.get('referrer-policy')).toBe('same-origin')
})

test('a failure is logged without the token', async () => {
  const error = new Error('disk full')
  await using server = await serving({ find: () => Promise.reject(error) })
  expect((await server.show('good-token')).status).toBe(500)
  expect(server.logged).toEqual([[{ err: error, method: 'GET', path: '/enroll/:token' }, 'HTTP request failed']])
})
