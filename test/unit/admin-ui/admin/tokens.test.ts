import { afterAll, beforeAll, expect, test } from 'vitest'
import { roles } from '../../../../server/directory/administrators/admin-records.ts'
import {
  type AdministeredServer,
  startAdministeredServer,
  type Visitor,
} from '../../../builders/administered-server.ts'

let server: AdministeredServer
const visitors = new Map<string, Visitor>()
beforeAll(async () => {
  server = await startAdministeredServer()
  for (const role of roles) {
    await server.admin(role, role)
    visitors.set(role, await server.signedIn(role))
  }
})
afterAll(() => server[Symbol.asyncDispose]())

const as = (role: (typeof roles)[number]) => visitors.get(role) ?? server.visitor()
const textOf = async (answer: Response) => (await answer.text()).replaceAll(/\s+/g, ' ')
const page = async (role: (typeof roles)[number], path = '/admin/tokens') => textOf(await as(role).get(path))
const make = (role: (typeof roles)[number], fields: Readonly<Record<string, string>>) =>
  as(role).post('/admin/tokens', { role: 'auditor', lifetime: '90', ...fields })
const tokens = () => server.administrators.apiTokens.list()
const named = async (name: string) => (await tokens()).find((token) => token.name === name)
const statusWith = async (token: string) =>
  (await fetch(`${server.origin}/api/v1/tokens`, { headers: { authorization: `Bearer ${token}` } })).status

test('before there is a token the page says so, and who may only look gets no form', async () => {
  expect(await page('administrator')).toContain('There is none yet.')
  expect(await page('administrator')).toContain('Make token')
  for (const role of ['user-manager', 'auditor'] as const) expect(await page(role)).not.toContain('Make token')
})

test('a token is shown once, and works until it is revoked', async () => {
  const shown = await textOf(await make('owner', { name: 'terraform', role: 'administrator', lifetime: '30' }))
  const token = /<code class="secret">([^<]+)</.exec(shown)?.[1] ?? ''
  expect(await statusWith(token)).toBe(200)
  const { id = '', expiresAt } = (await named('terraform')) ?? {}
  expect(Date.parse(expiresAt ?? '') - server.clock.now().getTime()).toBe(30 * 86_400_000)
  const list = await page('auditor')
  expect(list).toMatch(/terraform<\/a><\/th> <td>Administrator<\/td>/)
  expect(list).toContain('from 127.0.0.1')
  for (const text of [list, await page('auditor', `/admin/tokens/${id}`)]) expect(text).not.toContain(token.slice(19))
  const unsure = await as('administrator').post(`/admin/tokens/${id}/revoke`)
  expect([unsure.status, await statusWith(token)]).toEqual([422, 200])
  const revoked = await as('administrator').post(`/admin/tokens/${id}/revoke`, { sure: 'yes' })
  expect([revoked.status, revoked.headers.get('location')]).toEqual([303, '/admin/tokens'])
  expect(await page('administrator')).toContain('The token terraform is revoked.')
  expect(await statusWith(token)).toBe(401)
  expect((await server.administration.actions(2)).map(({ by, event }) => [by, event])).toEqual([
    ['administrator', 'API token revoked'],
    ['owner', 'API token created'],
  ])
})

test('nobody gives a token more than they may do', async () => {
  expect(await page('administrator')).not.toContain('value="owner"')
  expect(await page('owner')).toContain('value="owner"')
  const answer = await make('administrator', { name: 'more', role: 'owner' })
  expect(answer.status).toBe(422)
  expect(await textOf(answer)).toContain('A token may do no more than you.')
  expect(await named('more')).toBeUndefined()
})

test.each([
  [{ name: '' }, 'Give it a name.'],
  [{ name: 'white space' }, 'Use a name of letters'],
  [{ name: 'good', role: 'boss' }, 'Choose a role.'],
  [{ name: 'good', lifetime: '1000' }, 'Choose when it ends.'],
])('what cannot be made is refused beside its field, with what was typed: %j', async (fields, problem) => {
  const answer = await make('owner', fields)
  const text = await textOf(answer)
  expect(answer.status).toBe(422)
  expect(text).toMatch(new RegExp(`<span class="error" id="(name|role|lifetime)-error">${problem}`))
  expect(text).toContain(`value="${fields.name}"`)
})

test('a second token of the same name is refused; one that never ends, and one that has ended, say so', async () => {
  await make('owner', { name: 'forever', lifetime: 'never' })
  expect((await make('owner', { name: 'Forever' })).status).toBe(422)
  expect((await named('forever'))?.expiresAt).toBeNull()
  await make('owner', { name: 'short', lifetime: '30' })
  server.clock.advance(20 * 86_400_000)
  await server.admin('late', 'owner')
  const late = await server.signedIn('late')
  expect(await textOf(await late.get('/admin/tokens?search=short'))).toContain('Ends soon')
  server.clock.advance(10 * 86_400_000)
  const later = await server.signedIn('late')
  expect(await textOf(await later.get('/admin/tokens?search=SHORT'))).toContain('Ended')
  expect(await textOf(await later.get('/admin/tokens?search=none'))).toContain('There is none of that name.')
})

test('what there is not is not found, and other methods are refused', async () => {
  const browser = await server.signedIn('late')
  for (const path of ['/admin/tokens/nobody', '/admin/tokens/%2E%2E'])
    expect([path, (await browser.get(path)).status]).toEqual([path, 404])
  expect((await browser.post('/admin/tokens/nobody/revoke', { sure: 'yes' })).status).toBe(404)
  expect((await browser.get('/admin/tokens/nobody/revoke')).status).toBe(405)
  expect((await browser.get('/admin/tokens?page=0')).status).toBe(400)
  expect((await browser.post('/admin/tokens', { name: 'x' }, {})).status).toBe(403)
})

test('making one needs a sign-in of the last 15 minutes', async () => {
  const browser = await server.signedIn('late')
  server.clock.advance(16 * 60_000)
  const answer = await browser.post('/admin/tokens', { name: 'stale', role: 'auditor', lifetime: '30' })
  expect([answer.status, answer.headers.get('location')]).toEqual([
    303,
    expect.stringContaining('/admin/sign-in?again'),
  ])
  expect(await named('stale')).toBeUndefined()
})
