import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { runCheck } from '../../server/commands/check.ts'
import { systemClock } from '../../server/runtime/clock.ts'
import { type AdministeredServer, startAdministeredServer, type Visitor } from '../builders/administered-server.ts'
import { apiCaller } from '../builders/api-caller.ts'
import { entraGroupId, entraUserId, fillSmallTenants } from './small-tenants.ts'
import { startTrustedTenants } from './sync-fixture.ts'

const publicUrl = 'http://localhost:8080'
const hour = 3_600_000

let tenants: SimulatedTenants
let settings: object
let server: AdministeredServer

beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  const { entra } = tenants
  entra.tenant.application.redirectUris.add(`${publicUrl}/admin/callback`)
  const { tenantId, authorityHost, clientId, clientSecret } = entra
  const admins = [
    { user: entraUserId(1), role: 'owner', name: 'Person 1' },
    { user: entraUserId(2), role: 'auditor' },
    { group: entraGroupId(1), role: 'user-manager' },
    { group: entraGroupId(2), role: 'administrator' },
  ]
  const staff = { id: 'staff', name: 'Contoso staff', tenantId, authorityHost, clientId, clientSecret, admins }
  settings = { admin: { publicUrl, oidc: [staff] } }
})
beforeEach(async () => {
  server = await startAdministeredServer({ settings })
})
afterEach(async () => {
  Object.assign(tenants.entra.tenant.application, {
    approvesAs: undefined,
    tenantOfPeople: undefined,
    idTokenClaims: {},
    secret: tenants.entra.clientSecret,
  })
  await server[Symbol.asyncDispose]()
})
afterAll(() => tenants.close())

/** Somebody who is signed in at Entra ID already, with these claims. */
async function arrive(person: number, claims = {}, fields = {}): Promise<{ browser: Visitor; answer: Response }> {
  const { application } = tenants.entra.tenant
  Object.assign(application, { approvesAs: `person${person}@contoso.example`, idTokenClaims: claims })
  const browser = server.visitor()
  const begun = await browser.post('/admin/sign-in/staff', fields)
  expect(begun.status).toBe(303)
  const back = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' })
  const address = new URL(back.headers.get('location') ?? '')
  expect(address.origin + address.pathname).toBe(`${publicUrl}/admin/callback`)
  return { browser, answer: await browser.get(address.pathname + address.search) }
}

async function roleOf(browser: Visitor): Promise<string | undefined> {
  const page = await browser.get('/admin')
  return page.status === 200 ? /<\/strong>(.+) at Lighthouse/.exec(await page.text())?.[1] : undefined
}

const lastRefusal = () =>
  server.logged.findLast((line) => 'message' in line && line.message === 'administrator sign-in refused')

test('the page to sign in at names the providers, and its forms may lead there', async () => {
  const answer = await server.visitor().get('/admin/sign-in?next=/admin/users&again')
  expect(await answer.text()).toMatch(
    /action="\/admin\/sign-in\/staff"><input type="hidden" name="next" value="\/admin\/users"><input type="hidden" name="again"[^]*Sign in with Contoso staff/,
  )
  expect(answer.headers.get('content-security-policy')).toContain(`form-action 'self' ${tenants.entra.authorityHost};`)
})

test('who is named by immutable id signs in, goes on where they wanted to, and is recorded with id and name', async () => {
  const { browser, answer } = await arrive(1, {}, { next: '/admin/groups' })
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin/groups'])
  expect(await roleOf(browser)).toBe('Owner')
  await browser.post('/admin/account/sign-out-everywhere')
  expect(await server.administration.actions(1)).toMatchObject([
    { by: `oidc:staff/${entraUserId(1)} (Person 1)`, event: 'signed out everywhere', address: '127.0.0.1' },
  ])
})

test.each([
  ['a group', 3, [entraGroupId(1)], 'User manager'],
  ['several groups: the role that may do most', 3, [entraGroupId(1), entraGroupId(2)], 'Administrator'],
  ['an entry of their own before those for groups', 2, [entraGroupId(2)], 'Auditor'],
])('the role comes from %s', async (_, person, groups, role) => {
  const { browser } = await arrive(person, { groups })
  expect(await roleOf(browser)).toBe(role)
})

test.each([
  ['is in no group that is named', { groups: [entraGroupId(3)] }, 'names neither the person nor a group'],
  ['has the mail address of an administrator', { email: 'person1@contoso.example' }, 'has no claim "groups"'],
  [
    'is in more groups than fit',
    { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.example' } } },
    'is in more groups than the identity token names (_claim_names)',
  ],
])('whoever %s is refused: the page is neutral, the log says why', async (_, claims, reason) => {
  const { browser, answer } = await arrive(3, claims)
  expect(answer.status).toBe(403)
  const page = await answer.text()
  expect(page).toContain('Contoso staff knows you, but you do not administer Lighthouse')
  expect(page).not.toContain('groups')
  expect(await roleOf(browser)).toBeUndefined()
  expect(lastRefusal()).toMatchObject({ id: entraUserId(3), reason: expect.stringContaining(reason) as string })
})

test('groups that do not fit do not matter to who is named in person', async () => {
  const { browser } = await arrive(1, { _claim_names: { groups: 'src1' } })
  expect(await roleOf(browser)).toBe('Owner')
})

test('somebody of another tenant with the same immutable id is refused', async () => {
  tenants.entra.tenant.application.tenantOfPeople = '11111111-2222-4333-8444-555555555555'
  expect((await arrive(1)).answer.status).toBe(422)
})

test('a secret that is wrong is in the log, and not on the page', async () => {
  tenants.entra.tenant.application.secret = 'another'
  const { answer } = await arrive(1)
  expect([answer.status, await answer.text()]).toEqual([422, expect.not.stringContaining('AADSTS')])
  expect(JSON.stringify(server.logged)).toContain('AADSTS7000215')
})

test('an answer is good for the browser that began, once', async () => {
  const { browser, answer } = await arrive(1)
  expect(answer.status).toBe(303)
  expect((await browser.get('/admin/callback?code=x&state=y')).status).toBe(400)
  expect((await server.visitor().get('/admin/callback?code=x&state=y')).status).toBe(400)
  expect((await server.visitor().post('/admin/sign-in/nowhere')).status).toBe(404)
  expect((await server.visitor().post('/admin/sign-in/staff', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
})

test('who administers is changed after a fresh sign-in at the provider alone', async () => {
  const { browser } = await arrive(1)
  const add = { name: 'grace', role: 'auditor' }
  const refused = await browser.post('/admin/admins', add)
  expect(refused.headers.get('location')).toMatch(/^\/admin\/sign-in\?again/)
  const { application } = tenants.entra.tenant
  application.approvesAs = undefined
  const begun = await server.visitor().post('/admin/sign-in/staff', { again: 'yes' })
  const asked = new URL(begun.headers.get('location') ?? '').searchParams
  expect([asked.get('prompt'), asked.get('max_age')]).toEqual(['login', '0'])
})

test('a session ends after 12 hours, however much it is used', async () => {
  const { browser } = await arrive(1)
  for (let passed = 0; passed < 24; passed += 1) {
    server.clock.advance(hour / 2)
    expect(await roleOf(browser), `${passed}`).toBe('Owner')
  }
  server.clock.advance(1)
  expect(await roleOf(browser)).toBeUndefined()
})

test('a sign-in with another role ends the sessions before it; with the same it does not', async () => {
  const groups = [entraGroupId(1)]
  const first = await arrive(3, { groups })
  const second = await arrive(3, { groups })
  expect([await roleOf(first.browser), await roleOf(second.browser)]).toEqual(['User manager', 'User manager'])
  await arrive(3, { groups: [entraGroupId(2)] })
  expect([await roleOf(first.browser), await roleOf(second.browser)]).toEqual([undefined, undefined])
})

test('an Owner sees who comes from a provider, and signs them out everywhere', async () => {
  const { browser } = await arrive(2)
  await server.admin('ada', 'owner')
  const ada = await server.signedIn('ada')
  const page = await (await ada.get('/admin/admins')).text()
  expect(page).toMatch(/Person 2<br><span class="muted small-text">oidc:staff\/a0000000/)
  const name = `oidc:staff/${entraUserId(2)}`
  expect((await ada.post('/admin/oidc-admins/sign-out-everywhere', { name })).status).toBe(303)
  expect(await roleOf(browser)).toBeUndefined()
  expect((await ada.post('/admin/oidc-admins/sign-out-everywhere', { name: 'oidc:staff/nobody' })).status).toBe(404)
})

test('the API does the same', async () => {
  const { browser } = await arrive(2)
  const owner = { name: 'terraform', role: 'owner', expiresAt: null } as const
  const token = await server.administrators.apiTokens.create(
    owner,
    { name: 'root', address: null },
    { role: 'owner', expiresAt: null },
  )
  const call = await apiCaller(server.origin, () => token)
  const name = `oidc:staff/${entraUserId(2)}`
  expect((await call('GET', '/oidc-admins')).body).toMatchObject([{ name, role: 'auditor', provider: 'Contoso staff' }])
  expect((await call('POST', `/oidc-admins/${encodeURIComponent(name)}/sign-out`)).status).toBe(204)
  expect(await roleOf(browser)).toBeUndefined()
  expect((await call('POST', '/oidc-admins/nobody/sign-out')).status).toBe(404)
})

test('the last local Owner stays, also when an Owner comes from a provider', async () => {
  await server.admin('ada', 'owner')
  await arrive(1)
  const by = { name: 'root', address: null }
  await expect(server.administrators.remove('ada', by)).rejects.toThrow('ada is the last Owner who can sign in')
})

test('the own page offers no password', async () => {
  const { browser } = await arrive(1)
  const page = await (await browser.get('/admin/account')).text()
  expect(page).toContain('You sign in at your identity provider')
  expect(page).not.toContain('New password')
  expect((await browser.post('/admin/account/password', { present: 'x', password: 'y', again: 'y' })).status).toBe(422)
})

test('check tries the provider, and says the redirect URI', async () => {
  const { config } = server.workspace
  const tried = { ...config, dataDir: '/nowhere', providers: [], smtp: null }
  const loaded = { config: tried, path: '/nowhere/ldap.config.json', baseDir: '/nowhere' }
  const { results } = await runCheck({ loaded, env: {}, clock: systemClock }, { offline: false })
  expect(results.find(({ part }) => part === 'admin.oidc staff')).toMatchObject({
    ok: true,
    message: `the provider answers; the client needs the redirect URI ${publicUrl}/admin/callback`,
  })
})
