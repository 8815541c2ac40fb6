import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { runCheck } from '../../server/commands/check.ts'
import { runCommand } from '../../server/commands/commands.ts'
import { systemClock } from '../../server/runtime/clock.ts'
import { startBrowser } from '../builders/browser.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { globexPerson, type SelfServiceServer, startSelfServiceServer } from '../builders/self-service-server.ts'

const zoe = { login: 'zoe.lindqvist@contoso.example', password: 'demo-zoe.lindqvist' }
const harriet = { login: 'harriet.vance@contoso.example', password: 'demo-harriet.vance' }
const lancer = { login: 'free.lancer@elsewhere.example', password: 'demo-free.lancer' }

const never = new AbortController().signal

describeWithTool('chromium', 'people who sign in at their own provider, in a browser', () => {
  let running: SelfServiceServer
  let browser: Browser
  beforeAll(async () => {
    running = await startSelfServiceServer()
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await running[Symbol.asyncDispose]()
  })
  afterEach(() => {
    const { entra, okta } = running.tenants
    Object.assign(entra.tenant.application, {
      approvesAs: undefined,
      tenantOfPeople: undefined,
      idTokenClaims: {},
      secret: entra.clientSecret,
    })
    Object.assign(okta.tenant.webApp, { signedInAs: undefined, idTokenClaims: {} })
    okta.tenant.webApp.unassigned.clear()
    entra.tenant.faults.clear()
  })

  /** A browser of its own, and what it had to complain about. */
  async function newPage() {
    const page = await (await browser.newContext()).newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    return { page, complaints }
  }

  async function choose(page: Page, provider: string, query = '') {
    await page.goto(`${running.publicUrl}/me/sign-in${query}`)
    await page.getByRole('button', { name: `Sign in with ${provider}` }).click()
  }

  async function fill(page: Page, { login, password }: { login: string; password: string }) {
    await page.getByLabel('User name').fill(login)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  async function signIn(provider: string, who: { login: string; password: string }) {
    const { page } = await newPage()
    await choose(page, provider)
    await fill(page, who)
    return page
  }

  const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent()
  const message = (page: Page) => page.getByRole('alert').textContent()
  const sessionsOf = async (uid: string) => {
    const found: unknown[] = []
    for await (const { value } of running.server.workspace.directory.store.list('session', ['session']))
      if (JSON.stringify(value).includes(running.entryUUIDOf(uid))) found.push(value)
    return found
  }

  test('somebody of the Entra tenant sees their own page, and the browser keeps nothing but the session', async () => {
    const { page, complaints } = await newPage()
    await choose(page, 'Contoso')
    await fill(page, zoe)
    await page.waitForURL(`${running.publicUrl}/me`)
    expect(await heading(page)).toBe('Your account')
    expect(await page.getByText('uid=zoe.lindqvist,ou=people,dc=example,dc=com').isVisible()).toBe(true)
    expect((await page.context().cookies(running.publicUrl)).map(({ name }) => name)).toEqual(['rosterd-me'])
    expect(complaints.filter((text) => /Content Security Policy/.test(text))).toEqual([])
    expect(await sessionsOf('zoe.lindqvist')).toMatchObject([{ session: { person: { provider: 'contoso' } } }])
  })

  test('somebody of the Okta org does, too', async () => {
    const page = await signIn('Acme', lancer)
    await page.waitForURL(`${running.publicUrl}/me`)
    expect(await page.getByText('uid=free.lancer,').isVisible()).toBe(true)
    expect(await sessionsOf('free.lancer')).toMatchObject([{ session: { person: { provider: 'acme' } } }])
  })

  test('a provider that nobody here wrote signs people in', async () => {
    const { page } = await newPage()
    await choose(page, 'Globex')
    await page.getByPlaceholder('Enter any login').fill(globexPerson)
    await page.getByPlaceholder('and password').fill('any')
    await page.getByRole('button', { name: 'Sign-in' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(`${running.publicUrl}/me`)
    expect(await page.getByText('hank@globex.example').first().isVisible()).toBe(true)
  })

  test('an administrator signs in at such a provider, and changes who administers', async () => {
    const { page, complaints } = await newPage()
    await page.goto(`${running.publicUrl}/admin/sign-in?again&next=/admin/admins`)
    await page.getByRole('button', { name: 'Sign in with Globex staff' }).click()
    await page.getByPlaceholder('Enter any login').fill(globexPerson)
    await page.getByPlaceholder('and password').fill('any')
    await page.getByRole('button', { name: 'Sign-in' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(`${running.publicUrl}/admin/admins`)
    expect(complaints.filter((text) => /Content Security Policy/.test(text))).toEqual([])
    await page.getByLabel('Name').fill('grace')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    expect(await heading(page)).toBe('A link for grace')
    await page.goto(`${running.publicUrl}/admin/admins`)
    const row = page.getByRole('row', { name: /administrator created/ })
    expect(await row.textContent()).toContain(`oidc:globex/${globexPerson}`)
  })

  test('whoever is signed in there goes there and back without stopping, and a fresh sign-in asks again', async () => {
    running.tenants.entra.tenant.application.approvesAs = zoe.login
    const { page } = await newPage()
    await choose(page, 'Contoso')
    await page.waitForURL(`${running.publicUrl}/me`)
    await choose(page, 'Contoso', '?again')
    expect(await page.getByLabel('User name').isVisible()).toBe(true)
    await fill(page, zoe)
    await page.waitForURL(`${running.publicUrl}/me`)
  })

  test('a fresh sign-in at a provider that nobody here wrote asks for the password again', async () => {
    const { page } = await newPage()
    const answer = async () => {
      await page.getByPlaceholder('Enter any login').fill(globexPerson)
      await page.getByPlaceholder('and password').fill('any')
      await page.getByRole('button', { name: 'Sign-in' }).click()
    }
    await choose(page, 'Globex')
    await answer()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(`${running.publicUrl}/me`)
    await choose(page, 'Globex', '?again')
    await answer()
    await page.waitForURL(`${running.publicUrl}/me`)
    await choose(page, 'Globex')
    await page.waitForURL(`${running.publicUrl}/me`)
  })

  test('a provider that is down is told apart, and the enrollment link is named', async () => {
    const { faults } = running.tenants.entra.tenant
    const { page } = await newPage()
    await choose(page, 'Contoso')
    await page.getByLabel('User name').waitFor()
    faults.add({ kind: 'reset', path: '/oauth2/v2.0/token' })
    const answered = page.waitForResponse('**/me/callback**')
    await fill(page, zoe)
    expect((await answered).status()).toBe(503)
    expect(await message(page)).toBe('Contoso does not answer now. Try again in a few minutes.')
    expect(await page.getByText('or open the link of your enrollment mail').isVisible()).toBe(true)
  })

  test('the check of the configuration says which redirect URI to register', async () => {
    const { loaded, publicUrl } = running
    const { results } = await runCheck({ loaded, env: {}, clock: systemClock }, { offline: false })
    expect(results.filter(({ name }) => name === 'sign-in of people')).toMatchObject(
      ['contoso', 'acme', 'globex'].map((id) => ({
        part: `provider ${id}`,
        ok: true,
        message: `the provider answers; the client needs the redirect URI ${publicUrl}/me/callback`,
      })),
    )
  })

  test('a sign-in that a provider may have remembered is no fresh one', async () => {
    running.tenants.okta.tenant.webApp.signedInAs = 'bjork.magnusdottir@acme.example'
    const { page } = await newPage()
    await choose(page, 'Acme')
    await page.waitForURL(`${running.publicUrl}/me`)
    const [session] = await sessionsOf('bjork.magnusdottir')
    const { signedInAt } = (session as { session: { person: { signedInAt: string } } }).session.person
    expect(Date.parse(signedInAt)).toBeLessThan(Date.now() - 3_600_000)
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
    await page.waitForURL(`${running.publicUrl}/me/sign-in?again`)
  })

  test('a fresh sign-in that the provider did not ask for is refused', async () => {
    running.tenants.okta.tenant.webApp.idTokenClaims = { auth_time: Math.floor(Date.now() / 1000) - 600 }
    const { page } = await newPage()
    await choose(page, 'Acme', '?again')
    await fill(page, lancer)
    expect(await message(page)).toContain('Sign-in with Acme did not work.')
    expect(running.logged.at(-1)).toContain('a new sign-in was asked for')
    expect(await page.getByRole('link', { name: 'Try again' }).getAttribute('href')).toBe('/me/sign-in?again')
  })

  test('who declines is told so, and can try again', async () => {
    const { page } = await newPage()
    await choose(page, 'Contoso')
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await message(page)).toContain('Contoso did not sign you in')
    await page.getByRole('link', { name: 'Try again' }).click()
    expect(await heading(page)).toMatch(/^Sign in to your account/)
  })

  test('who is not assigned to the application is not signed in', async () => {
    const { directory, webApp } = running.tenants.okta.tenant
    webApp.unassigned.add(directory.findUser(lancer.login)?.id ?? '')
    const page = await signIn('Acme', lancer)
    expect(await message(page)).toContain('Acme did not sign you in')
  })

  test('an identity of another tenant is nobody, whatever else it says', async () => {
    running.tenants.entra.tenant.application.tenantOfPeople = 'a0000000-0000-4000-8000-00000000beef'
    const page = await signIn('Contoso', zoe)
    expect(await message(page)).toContain('Sign-in with Contoso did not work.')
    expect(running.logged.at(-1)).toContain('somebody of the tenant a0000000-0000-4000-8000-00000000beef signed in')
  })

  test('the name and address of somebody else make nobody that person', async () => {
    const stranger = 'b0000000-0000-4000-8000-00000000cafe'
    running.tenants.entra.tenant.application.idTokenClaims = {
      oid: stranger,
      sub: running.entryUUIDOf('zoe.lindqvist'),
      email: zoe.login,
      preferred_username: zoe.login,
    }
    const page = await signIn('Contoso', zoe)
    expect(await message(page)).toContain('Contoso knows you, but there is no page for you')
    expect(JSON.parse(running.logged.at(-1) ?? '')).toMatchObject({ provider: 'contoso', id: stranger })
    running.tenants.entra.tenant.application.idTokenClaims = {}
    await page.getByRole('link', { name: 'Try again' }).click()
    await page.getByRole('button', { name: 'Sign in with Contoso' }).click()
    await fill(page, zoe)
    await page.waitForURL(`${running.publicUrl}/me`)
  })

  test.each([
    ['another nonce', { nonce: 'of another sign-in' }, 'the identity token is not for this sign-in'],
    ['another client', { aud: 'another-client' }, 'the identity token is not for this sign-in'],
    ['another issuer', { iss: 'https://login.microsoftonline.com/other/v2.0' }, 'the identity token is not for this'],
    ['a time that is over', { exp: 1_700_000_000 }, 'the identity token has expired'],
  ])('a token for %s signs nobody in', async (_of, claims, logged) => {
    running.tenants.entra.tenant.application.idTokenClaims = claims
    const page = await signIn('Contoso', zoe)
    expect(await message(page)).toContain('Sign-in with Contoso did not work.')
    expect(running.logged.at(-1)).toContain(logged)
  })

  test('a wrong secret is told to the administrator, and kept from the person', async () => {
    running.tenants.entra.tenant.application.secret = 'another one'
    const page = await signIn('Contoso', zoe)
    expect(await message(page)).toContain('Sign-in with Contoso did not work.')
    expect(running.logged.at(-1)).toContain('AADSTS7000215')
    expect(running.logged.join('')).not.toContain(running.tenants.entra.clientSecret)
  })

  test('an answer is of use once', async () => {
    const { page } = await newPage()
    let callback = ''
    page.on('request', (request) => {
      if (request.url().includes('/me/callback')) callback = request.url()
    })
    await choose(page, 'Contoso')
    await fill(page, zoe)
    await page.waitForURL(`${running.publicUrl}/me`)
    await page.goto(callback)
    expect(await heading(page)).toBe('400 Bad Request')
  })

  /** What the provider would send the browser back with, were it followed. */
  async function answerOf(page: Page, { login, password }: { login: string; password: string }): Promise<string> {
    await page.getByLabel('User name').waitFor()
    const form = { username: login, password }
    const answer = await page.context().request.post(page.url(), { form, maxRedirects: 0, ignoreHTTPSErrors: true })
    return answer.headers()['location'] ?? ''
  }

  test('an answer is of no use to a browser that did not begin', async () => {
    const { page } = await newPage()
    await choose(page, 'Contoso')
    const callback = await answerOf(page, zoe)
    const { page: another } = await newPage()
    await another.goto(callback)
    expect(await heading(another)).toBe('400 Bad Request')
    await choose(another, 'Contoso')
    await another.goto(callback)
    expect(await heading(another)).toBe('400 Bad Request')
    await page.goto(callback)
    expect(await heading(page)).toBe('Your account')
  })

  test('an answer of one provider is none to what was begun at another', async () => {
    const { page } = await newPage()
    await choose(page, 'Acme')
    const code = new URL(await answerOf(page, lancer)).searchParams.get('code') ?? ''
    await choose(page, 'Contoso')
    await page.getByLabel('User name').waitFor()
    const state = new URL(page.url()).searchParams.get('state') ?? ''
    await page.goto(`${running.publicUrl}/me/callback?${new URLSearchParams({ code, state }).toString()}`)
    expect(await message(page)).toContain('Sign-in with Contoso did not work.')
  })

  test('a linked identity vouches for the person once an administrator has confirmed it', async () => {
    const byOwner = await signIn('Contoso', harriet)
    await byOwner.waitForURL(`${running.publicUrl}/me`)
    const byMatch = await signIn('Acme', harriet)
    expect(await message(byMatch)).toContain('Acme knows you, but there is no page for you')
    expect(running.logged.at(-1)).toContain('linked by matching fields alone')
    const { directory } = running.tenants.okta.tenant
    const source = `acme:${directory.findUser(harriet.login)?.id}`
    const { workspace } = running.server
    const to = running.entryUUIDOf('harriet.vance')
    await runCommand(workspace, 'link-confirm', { source, to, retireIds: false, by: 'test' }, () => {}, never)
    const byWord = await signIn('Acme', harriet)
    await byWord.waitForURL(`${running.publicUrl}/me`)
    expect(await byWord.getByText('uid=harriet.vance,').isVisible()).toBe(true)
    await runCommand(workspace, 'link-separate', { source, by: 'test' }, () => {}, never)
    await byWord.goto(`${running.publicUrl}/me`)
    expect(byWord.url()).toBe(`${running.publicUrl}/me/sign-in`)
  })

  test('who is blocked here has no page, at the sign-in and with a session of before', async () => {
    const page = await signIn('Acme', lancer)
    await page.waitForURL(`${running.publicUrl}/me`)
    const { accounts } = running.server.workspace
    const by = { kind: 'admin', id: 'test' } as const
    await accounts.incidents.block(running.entryUUIDOf('free.lancer'), { reason: 'lost laptop' }, by)
    await page.goto(`${running.publicUrl}/me`)
    expect(page.url()).toBe(`${running.publicUrl}/me/sign-in`)
    const another = await signIn('Acme', lancer)
    expect(await message(another)).toContain('Acme knows you, but there is no page for you')
    await accounts.incidents.unblock(running.entryUUIDOf('free.lancer'), by)
  })

  test('who is disabled at the provider has no page, though the provider would still sign them in', async () => {
    const { tenant } = running.tenants.okta
    const { engine } = running.server.workspace
    const id = tenant.directory.findUser(lancer.login)?.id ?? ''
    tenant.directory.setStatus(id, 'SUSPENDED')
    await engine.run('acme', { trigger: 'test' })
    tenant.directory.setStatus(id, 'ACTIVE')
    const page = await signIn('Acme', lancer)
    expect(await message(page)).toContain('Acme knows you, but there is no page for you')
    await engine.run('acme', { trigger: 'test' })
  })
})
