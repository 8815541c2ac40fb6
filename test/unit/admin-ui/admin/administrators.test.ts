import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { adminActions } from '../../../../server/directory/administrators/admin-actions.ts'
import {
  type AdministeredServer,
  adminPassword,
  startAdministeredServer,
  tokenOf,
  type Visitor,
} from '../../../builders/administered-server.ts'

let server: AdministeredServer
beforeEach(async () => {
  server = await startAdministeredServer()
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
})

const minute = 60_000
const by = { name: 'root', address: null } as const
const signIn = (fields: Readonly<Record<string, string>>, browser = server.visitor()) =>
  browser.post('/admin/sign-in', { password: adminPassword, ...fields })
const textOf = async (answer: Response) => (await answer.text()).replaceAll(/\s+/g, ' ')
const isIn = async (browser: Visitor) => (await browser.get('/admin')).status === 200

async function firstLink(): Promise<string> {
  const link = await server.administrators.firstLink()
  return new URL(link?.url ?? 'http://none').pathname
}

const chosen = { name: 'Ada', password: adminPassword, again: adminPassword }

test('the first link makes one Owner, who is signed in, and is then used up', async () => {
  const path = await firstLink()
  const browser = server.visitor()
  expect((await browser.get(path)).status).toBe(200)
  const answer = await browser.post(path, chosen)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin'])
  expect(await isIn(browser)).toBe(true)
  expect(await server.administrators.list()).toMatchObject([{ name: 'Ada', role: 'owner', canSignIn: true }])
  for (const again of [await browser.get(path), await browser.post(path, { ...chosen, name: 'Eve' })])
    expect(again.status).toBe(404)
  expect(await server.administrators.list()).toHaveLength(1)
  expect(await server.administrators.firstLink()).toBeUndefined()
})

test('the first link is good for half an hour, and a newer one ends it', async () => {
  const first = await firstLink()
  const second = await firstLink()
  expect((await server.visitor().get(first)).status).toBe(404)
  server.clock.advance(30 * minute - 1)
  expect((await server.visitor().get(second)).status).toBe(200)
  server.clock.advance(1)
  expect((await server.visitor().get(second)).status).toBe(404)
  expect((await server.visitor().post(second, chosen)).status).toBe(404)
  expect(await server.administrators.list()).toEqual([])
})

test('a first link is of no use once somebody was made administrator on the command line', async () => {
  const path = await firstLink()
  await server.admin('grace', 'owner')
  expect((await server.visitor().post(path, chosen)).status).toBe(404)
  expect(await server.administrators.list()).toHaveLength(1)
})

test.each([
  [{ password: 'short', again: 'short' }, /at least 12 characters/],
  [{ password: 'passwordpassword', again: 'passwordpassword' }, /harder to guess/],
  [{ password: 'the ada 7 violins otter', again: 'x' }, /two passwords are not the same/],
  [{ name: '<b>' }, /Use a name of letters/],
])('what is chosen with a link is refused beside the form: %j', async (fields, problem) => {
  const path = await firstLink()
  const answer = await server.visitor().post(path, { ...chosen, ...fields })
  expect(answer.status).toBe(422)
  expect(await textOf(answer)).toMatch(problem)
  expect((await server.visitor().get(path)).status).toBe(200)
})

test('unknown names, wrong passwords and administrators without one are refused alike', async () => {
  await server.admin('ada', 'owner')
  await server.administrators.create('grace', 'auditor', by)
  const pages = new Set<string>()
  for (const name of ['ada', 'grace', 'nobody']) {
    const answer = await signIn({ name, password: 'something else altogether' })
    expect(answer.status).toBe(422)
    pages.add((await textOf(answer)).replaceAll(`value="${name}"`, ''))
  }
  expect(pages.size).toBe(1)
})

test('who fails too often is not looked at for a while, known or not', async () => {
  await server.admin('ada', 'owner')
  for (const name of ['ada', 'nobody']) {
    for (let i = 0; i < 11; i += 1) expect((await signIn({ name, password: `guess ${i}` })).status).toBe(422)
    expect((await signIn({ name })).status).toBe(429)
  }
  server.clock.advance(5_000)
  expect((await signIn({ name: 'ada' })).status).toBe(303)
  expect(JSON.stringify(server.logged)).not.toContain('nobody')
})

test('a session id from before the sign-in is not the one after it', async () => {
  await server.admin('ada', 'owner')
  const browser = server.visitor()
  const cookieOf = (answer: Response) => answer.headers.getSetCookie().join()
  const first = cookieOf(await signIn({ name: 'ada' }, browser))
  const second = cookieOf(await signIn({ name: 'ada' }, browser))
  expect(first).toMatch(/^rosterd-admin=.*HttpOnly; SameSite=Lax$/)
  expect(second).not.toBe(first)
})

test('after the sign-in one is where one wanted to go, and never on another site', async () => {
  await server.admin('ada', 'owner')
  const wanted = await server.visitor().get('/admin/admins?page=2')
  expect(wanted.headers.get('location')).toBe('/admin/sign-in?next=%2Fadmin%2Fadmins%3Fpage%3D2')
  const locations: Record<string, string | null> = {}
  for (const next of [
    '/admin/admins?page=2',
    '//evil.example',
    'https://evil.example',
    '/admin.evil',
    '/me',
    '/admin\\@evil',
  ])
    locations[next] = (await signIn({ name: 'ada', next })).headers.get('location')
  expect(locations).toEqual({
    '/admin/admins?page=2': '/admin/admins?page=2',
    '//evil.example': '/admin',
    'https://evil.example': '/admin',
    '/admin.evil': '/admin',
    '/me': '/admin',
    '/admin\\@evil': '/admin',
  })
})

test('sessions end after an hour without use, and after twelve in any case', async () => {
  await server.admin('ada', 'owner')
  const idle = await server.signedIn('ada')
  const busy = await server.signedIn('ada')
  server.clock.advance(59 * minute)
  expect(await isIn(busy)).toBe(true)
  server.clock.advance(minute)
  expect([await isIn(idle), await isIn(busy)]).toEqual([false, true])
  for (let i = 0; i < 13; i += 1) {
    server.clock.advance(55 * minute)
    await busy.get('/admin')
  }
  expect(await isIn(busy)).toBe(false)
})

test.each([
  ['signs them out', 'sign-out-everywhere', {}],
  ['gives another role', 'role', { role: 'administrator' }],
  ['resets them', 'reset', {}],
  ['removes them', 'remove', { sure: 'yes' }],
])('another admin %s: their sessions end at once', async (_, action, fields: Readonly<Record<string, string>>) => {
  await server.admin('ada', 'owner')
  await server.admin('eve', 'auditor')
  const [owner, ended] = [await server.signedIn('ada'), await server.signedIn('eve')]
  expect(await isIn(ended)).toBe(true)
  expect((await owner.post(`/admin/admins/eve/${action}`, fields)).status).toBeLessThan(400)
  expect([await isIn(ended), await isIn(owner)]).toEqual([false, true])
})

test('one who signs out everywhere is signed out in every browser', async () => {
  await server.admin('ada', 'owner')
  const browsers = [await server.signedIn('ada'), await server.signedIn('ada')]
  await browsers[0]?.post('/admin/account/sign-out-everywhere')
  for (const browser of browsers) expect(await isIn(browser)).toBe(false)
})

test('a reset ends the password, and the link leads to another that is none of the last', async () => {
  await server.admin('ada', 'owner')
  await server.admin('eve', 'auditor')
  const page = await textOf(await (await server.signedIn('ada')).post('/admin/admins/eve/reset'))
  expect((await signIn({ name: 'eve' })).status).toBe(422)
  const [path = ''] = /\/admin\/setup\/[\w-]+/.exec(page) ?? []
  const same = await server.visitor().post(path, { password: adminPassword, again: adminPassword })
  expect([same.status, await textOf(same)]).toEqual([422, expect.stringContaining('not had lately')])
  const other = 'seven other violins paint an otter'
  const answer = await server.visitor().post(path, { name: 'mallory', password: other, again: other })
  expect(answer.status).toBe(303)
  expect((await signIn({ name: 'eve', password: other })).status).toBe(303)
  expect((await server.administrators.list()).map(({ name }) => name)).toEqual(['ada', 'eve'])
})

test('the last Owner who can sign in stays one; somebody who never used the link does not count', async () => {
  await server.admin('ada', 'owner')
  await server.administrators.create('grace', 'owner', by)
  const stays = 'ada is the last Owner who can sign in'
  await expect(server.administrators.remove('ada', by)).rejects.toThrow(stays)
  await expect(server.administrators.setRole('ADA', 'auditor', by)).rejects.toThrow(stays)
  await server.administrators.remove('grace', by)
  await server.admin('eve', 'owner')
  await server.administrators.remove('ada', by)
  await expect(server.administrators.remove('eve', by)).rejects.toThrow('eve is the last Owner')
})

test('nobody changes their own role, nor removes themselves', async () => {
  await server.admin('ada', 'owner')
  await server.admin('eve', 'owner')
  const browser = await server.signedIn('ada')
  for (const action of ['role', 'remove', 'reset', 'sign-out-everywhere'])
    expect((await browser.post(`/admin/admins/ADA/${action}`, { role: 'auditor', sure: 'yes' })).status).toBe(422)
  expect((await server.administrators.list()).map(({ role }) => role)).toEqual(['owner', 'owner'])
})

test('a form under way when the session ends changes nothing', async () => {
  await server.admin('ada', 'owner')
  await server.admin('eve', 'owner')
  const eve = await server.administrators.signIn.attempt({
    name: 'eve',
    password: adminPassword,
    code: '',
    address: '::1',
  })
  const epoch = eve.outcome === 'signed-in' ? eve.admin.epoch : ''
  const underWay = {
    name: 'eve',
    address: null,
    mayStill: async () => (await server.administrators.signIn.signedIn('eve', epoch)) !== undefined,
  }
  await server.administrators.setRole('eve', 'auditor', by)
  await expect(server.administrators.remove('ada', underWay)).rejects.toThrow('signed out meanwhile')
  expect(await server.administrators.list()).toHaveLength(2)
})

test('a password is the same however its letters are written', async () => {
  const path = await firstLink()
  const password = 'drei Bücher zählen sieben Geigen'
  const composed = password.normalize('NFC')
  expect((await server.visitor().post(path, { name: 'ada', password: composed, again: composed })).status).toBe(303)
  expect((await signIn({ name: 'ada', password: password.normalize('NFD') })).status).toBe(303)
})

test('a removal that nobody confirmed is refused', async () => {
  await server.admin('ada', 'owner')
  await server.admin('eve', 'auditor')
  const answer = await (await server.signedIn('ada')).post('/admin/admins/eve/remove')
  expect([answer.status, await textOf(answer)]).toEqual([422, expect.stringContaining('Tick the box to remove eve.')])
})

test('who administers is changed by nobody who signed in a quarter of an hour ago', async () => {
  await server.admin('ada', 'owner')
  const browser = await server.signedIn('ada')
  server.clock.advance(15 * minute + 1)
  const headers = { 'sec-fetch-site': 'same-origin', referer: 'http://localhost:8080/admin/admins' }
  const answer = await browser.post('/admin/admins', { name: 'eve', role: 'owner' }, headers)
  const again = '/admin/sign-in?again=&next=%2Fadmin%2Fadmins'
  expect([answer.status, answer.headers.get('location')]).toEqual([303, again])
  expect(await server.administrators.list()).toHaveLength(1)
  expect(await isIn(browser)).toBe(true)
})

test('with a second factor a code of the app is needed, each code once', async () => {
  await server.admin('ada', 'owner')
  const browser = await server.signedIn('ada')
  const page = await textOf(await browser.post('/admin/account/second-factor'))
  const [, secret = ''] = /<code class="secret">([A-Z2-7 ]+)<\/code>/.exec(page) ?? []
  const app = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
  const code = () => app.generate({ timestamp: server.clock.now().getTime() })
  expect((await signIn({ name: 'ada' })).status).toBe(303)
  expect((await browser.post('/admin/account/second-factor/confirm', { code: '000000' })).status).toBe(422)
  expect((await browser.post('/admin/account/second-factor/confirm', { code: code() })).status).toBe(303)
  expect((await signIn({ name: 'ada' })).status).toBe(422)
  expect((await signIn({ name: 'ada', code: code() })).status).toBe(422)
  server.clock.advance(30_000)
  expect((await signIn({ name: 'ada', code: code() })).status).toBe(303)
  expect((await signIn({ name: 'ada', code: code() })).status).toBe(422)
  for await (const sealed of server.directory.store.list('sealed'))
    expect(JSON.stringify(sealed)).not.toContain(secret.replaceAll(' ', ''))
})

test('one sets another password with the present one, and stays signed in here alone', async () => {
  await server.admin('ada', 'owner')
  const [here, elsewhere] = [await server.signedIn('ada'), await server.signedIn('ada')]
  const password = 'seven other violins paint an otter'
  const set = (fields: object) =>
    here.post('/admin/account/password', { present: adminPassword, password, again: password, ...fields })
  expect(await textOf(await set({ present: 'wrong' }))).toContain('That is not your present password.')
  expect(await textOf(await set({ password: adminPassword, again: adminPassword }))).toContain('not had lately')
  expect(await isIn(elsewhere)).toBe(true)
  expect((await set({})).status).toBe(303)
  expect([await isIn(here), await isIn(elsewhere)]).toEqual([true, false])
  expect((await signIn({ name: 'ada' })).status).toBe(422)
})

test('every change is recorded with who, from where, and what was before; no secret is', async () => {
  await server.admin('ada', 'owner')
  const owner = await server.signedIn('ada')
  const link = await textOf(await owner.post('/admin/admins', { name: 'eve', role: 'auditor' }))
  const [url = ''] = /http:\/\/localhost:8080\/admin\/setup\/[\w-]+/.exec(link) ?? []
  await server.administrators.credentials.useLink(tokenOf(url), { name: '', password: adminPassword }, '192.0.2.7')
  await owner.post('/admin/admins/eve/role', { role: 'user-manager' })
  await owner.post('/admin/admins/eve/remove', { sure: 'yes' })
  const actions = await adminActions(server.directory.store)
  expect(
    actions
      .filter(({ subject }) => subject === 'eve')
      .map((action) => ({ ...action, time: '' }))
      .toReversed(),
  ).toEqual([
    {
      time: '',
      by: 'ada',
      address: '127.0.0.1',
      event: 'administrator created',
      subject: 'eve',
      before: null,
      after: { role: 'auditor' },
    },
    {
      time: '',
      by: 'eve',
      address: '192.0.2.7',
      event: 'password set',
      subject: 'eve',
      before: { role: 'auditor', password: null, secondFactor: null },
      after: { role: 'auditor', password: 'set', secondFactor: null },
    },
    {
      time: '',
      by: 'ada',
      address: '127.0.0.1',
      event: 'role changed',
      subject: 'eve',
      before: { role: 'auditor' },
      after: { role: 'user-manager' },
    },
    {
      time: '',
      by: 'ada',
      address: '127.0.0.1',
      event: 'administrator removed',
      subject: 'eve',
      before: { role: 'user-manager', password: 'set', secondFactor: null },
      after: null,
    },
  ])
  const recorded = JSON.stringify([actions, server.logged])
  for (const secret of [adminPassword, tokenOf(url), '$2']) expect(recorded).not.toContain(secret)
})
