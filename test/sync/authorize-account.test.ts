import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCheck } from '../../server/commands/check.ts'
import { systemClock } from '../../server/runtime/clock.ts'
import type { CredentialPurpose } from '../../sync/credential-health.ts'
import {
  administrator,
  type AuthorizingServer,
  backup,
  startAuthorizingServer,
} from '../builders/authorizing-server.ts'

let running: AuthorizingServer
beforeEach(async () => {
  running = await startAuthorizingServer()
})
afterEach(() => running[Symbol.asyncDispose]())

const application = () => running.tenants.entra.tenant.application
const workspace = () => running.server.workspace
const html = { accept: 'text/html' }

async function newLink(purposes: readonly CredentialPurpose[] = ['users', 'groups']): Promise<string> {
  return (await workspace().authorizationLinks.create('contoso', purposes, 'test')).url
}

/** The page's button, pressed. */
function press(link: string, headers: Record<string, string> = { origin: running.publicUrl }) {
  return fetch(link, { method: 'POST', redirect: 'manual', headers: { ...html, ...headers } })
}

/** Everything up to the address that the authority sends the browser back to, and the browser's cookie. */
async function signIn(link: string, as = administrator) {
  application().approvesAs = as
  const pressed = await press(link)
  const authority = pressed.headers.get('location') ?? ''
  const cookie = pressed.headers.getSetCookie()[0] ?? ''
  const back = (await fetch(authority, { redirect: 'manual' })).headers.get('location') ?? ''
  return { pressed, authority: new URL(authority), cookie, browser: cookie.split(';')[0] ?? '', back }
}

async function show(url: string, browser = '') {
  const answer = await fetch(url, { headers: { ...html, cookie: browser } })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}

const authorizations = () => workspace().authorizations.list('contoso')
const run = () => workspace().engine.run('contoso', { trigger: 'test' })

describe('a one-time link', () => {
  test('leads over the sign-in at the authority to an authorized account, and is used up then', async () => {
    const link = await newLink()
    expect(link).toMatch(new RegExp(`^${running.publicUrl}/authorize/[\\w-]{32}$`))
    const page = await show(link)
    expect(page.status).toBe(200)
    expect(page.text).toContain('<h1>Authorize an account for Contoso</h1>')
    expect(page.text).toContain('for user and group synchronization')
    expect(page.text).toContain('<li>GroupMember.Read.All</li>')
    const { pressed, back, browser, cookie } = await signIn(link)
    expect(pressed.status).toBe(303)
    expect(cookie).toMatch(/^rosterd_authorize=[\w-]{43}; Max-Age=1200; Path=\/authorize; .*HttpOnly; SameSite=Lax$/)
    const done = await show(back, browser)
    expect(done.text).toContain('<h1>Your account passes user and group synchronization validation</h1>')
    expect(done.text).toContain(administrator)
    expect(await authorizations()).toMatchObject([{ authorizedBy: administrator, purposes: ['users', 'groups'] }])
    expect(await run()).toMatchObject({ error: null, notices: [] })
    expect((await show(link)).status).toBe(404)
    expect((await press(link)).status).toBe(404)
  })

  test.each([
    [['users'] as const, 'Your account passes user synchronization validation'],
    [['groups'] as const, 'Your account passes group synchronization validation'],
  ])('for %s says so at the end', async (purposes, title) => {
    const { back, browser } = await signIn(await newLink(purposes))
    expect((await show(back, browser)).text).toContain(`<h1>${title}</h1>`)
    expect(await authorizations()).toMatchObject([{ purposes }])
  })

  test('is needed once for each administrator; the backup is tried after the first', async () => {
    for (const as of [administrator, backup]) {
      const { back, browser } = await signIn(await newLink(), as)
      expect((await show(back, browser)).status).toBe(200)
    }
    expect((await authorizations()).map(({ authorizedBy }) => authorizedBy)).toEqual([administrator, backup])
  })

  test('that is unknown is not found', async () => {
    expect(await show(`${running.publicUrl}/authorize/${'x'.repeat(32)}`)).toMatchObject({
      status: 404,
      text: expect.stringContaining('Ask for a new one.'),
    })
  })

  test('allows its form to lead to the authority, on its own page alone', async () => {
    const policy = async (url: string) => (await show(url)).headers.get('content-security-policy') ?? ''
    expect(await policy(await newLink())).toContain(`form-action 'self' ${running.tenants.entra.authorityHost};`)
    expect(await policy(`${running.publicUrl}/`)).toContain("form-action 'self';")
  })

  test.each([
    ['of another site', { origin: 'https://evil.example' }],
    ['of another site, as browsers say it', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['without a word of where it comes from', {}],
  ])('is not begun by a form %s', async (_what, headers) => {
    expect((await press(await newLink(), headers as Record<string, string>)).status).toBe(403)
  })
})

describe('an answer of the authority', () => {
  const refused = 'does not belong to an authorization that was begun in this browser'

  test('with another state is refused before anything is asked', async () => {
    const { back, browser } = await signIn(await newLink())
    const forged = new URL(back)
    forged.searchParams.set('state', `${forged.searchParams.get('state')?.split('.')[0]}.${'A'.repeat(32)}`)
    running.tenants.entra.tenant.calls.length = 0
    expect(await show(forged.href, browser)).toMatchObject({ status: 400, text: expect.stringContaining(refused) })
    expect(running.tenants.entra.tenant.calls).toEqual([])
    expect(await authorizations()).toEqual([])
  })

  test.each([
    ['without the cookie', ''],
    ['with another cookie', `rosterd_authorize=${'A'.repeat(43)}`],
  ])('in a browser %s is refused', async (_what, cookie) => {
    const { back } = await signIn(await newLink())
    expect(await show(back, cookie)).toMatchObject({ status: 400, text: expect.stringContaining(refused) })
    expect(await authorizations()).toEqual([])
  })

  test('is of use once', async () => {
    const { back, browser } = await signIn(await newLink())
    const answers = await Promise.all([show(back, browser), show(back, browser)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    expect((await show(back, browser)).status).toBe(400)
    expect(await authorizations()).toHaveLength(1)
  })

  test('belongs to the last attempt with the link', async () => {
    const link = await newLink()
    const first = await signIn(link)
    const second = await signIn(link)
    expect((await show(first.back, first.browser)).status).toBe(400)
    expect((await show(second.back, second.browser)).status).toBe(200)
  })

  test('for an account of another tenant is refused, and the link can be used again', async () => {
    const link = await newLink()
    application().tenantOfPeople = 'a0000000-0000-4000-8000-00000000beef'
    const { back, browser } = await signIn(link)
    expect(await show(back, browser)).toMatchObject({
      status: 422,
      text: expect.stringContaining('signed in to the tenant a0000000-0000-4000-8000-00000000beef'),
    })
    expect(await authorizations()).toEqual([])
    application().tenantOfPeople = undefined
    const again = await signIn(link)
    expect((await show(again.back, again.browser)).status).toBe(200)
  })

  test('whose token lacks a permission is refused with its name', async () => {
    running.tenants.entra.tenant.faults.add({ kind: 'forbidden', path: '/graph/v1.0/groups' })
    const { back, browser } = await signIn(await newLink())
    const answer = await show(back, browser)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('Grant the delegated permission GroupMember.Read.All')
    expect(answer.text).toContain(administrator)
    expect(await authorizations()).toEqual([])
  })

  test('that an ordinary person caused says that an administrator is needed', async () => {
    const { back, browser } = await signIn(await newLink(), 'sam@contoso.example')
    expect(await show(back, browser)).toMatchObject({
      status: 422,
      text: expect.stringMatching(/Need admin approval: .*AADSTS90094.*Sign in as a Global Administrator/),
    })
  })

  test.each([
    [
      'access_denied',
      'AADSTS65004: declined',
      'The permissions were declined at the sign-in page (access_denied AADSTS65004)',
    ],
    ['access_denied', '', 'The sign-in was cancelled or not allowed (access_denied)'],
    ['server_error', 'AADSTS90033: later', 'the authority failed in passing (server_error AADSTS90033)'],
    ['<script>', 'AADSTS7000112 <b>', 'the application is disabled (unknown error AADSTS7000112)'],
  ])('with the error %s %s is put into plain words', async (error, description, text) => {
    const { back, browser } = await signIn(await newLink())
    const url = new URL(back)
    url.searchParams.delete('code')
    url.searchParams.set('error', error)
    url.searchParams.set('error_description', description)
    const answer = await show(url.href, browser)
    expect(answer).toMatchObject({ status: 422, text: expect.stringContaining(text) })
    expect(answer.text).not.toContain('declined</')
    expect(answer.text).not.toMatch(/<script>|<b>/)
  })

  test('whose code was redeemed by somebody else says so', async () => {
    const { back, browser } = await signIn(await newLink())
    const url = new URL(back)
    url.searchParams.set('code', '1.somebody-elses-code')
    const answer = await show(url.href, browser)
    expect(answer).toMatchObject({ status: 422, text: expect.stringMatching(/has been used already .*AADSTS54005/) })
    expect(answer.text).not.toContain('somebody-elses-code')
  })
})

test('no token, code or link is in the store, in a log or on a page', async () => {
  const link = await newLink()
  const { back, browser, authority } = await signIn(link)
  const done = await show(back, browser)
  await run()
  const stored = (await workspace().authorizations.tokens('contoso', (await authorizations())[0]?.id ?? '')) ?? ''
  const secrets = [...stored.matchAll(/"secret":"([^"]+)"/g)].map(([, secret]) => secret ?? '')
  expect(secrets.length).toBeGreaterThanOrEqual(2)
  secrets.push(
    link.split('/').at(-1) ?? '',
    browser.split('=')[1] ?? '',
    new URL(back).searchParams.get('code') ?? '',
    authority.searchParams.get('nonce') ?? '',
  )
  const folder = join(running.dataDir, 'db')
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'latin1')))
  expect(files.join('').length).toBeGreaterThan(1000)
  expect(files.join('')).toContain('authorization') // what is not secret can be found
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(20)
    for (const [where, text] of Object.entries({
      store: files.join(''),
      log: running.logged.join(''),
      page: done.text,
    })) {
      expect(text.includes(secret) ? `in the ${where}` : 'nowhere').toBe('nowhere')
    }
  }
})

test('an account that was authorized before a restart is used after it', async () => {
  const { back, browser } = await signIn(await newLink())
  await show(back, browser)
  await running.restart()
  expect(await run()).toMatchObject({ error: null, notices: [] })
})

describe('rosterd check', () => {
  const check = async () => {
    const { results } = await runCheck({ loaded: running.loaded, env: {}, clock: systemClock }, { offline: false })
    return results
      .filter(({ part }) => part === 'provider contoso')
      .map(({ name, ok, message }) => ({ name, ok, message }))
  }

  test('tries authorized accounts where no server has the store, and keeps their new tokens', async () => {
    await running.restart(async () =>
      expect(await check()).toEqual([
        { name: 'read users', ok: false, message: expect.stringContaining('no account is authorized for it yet') },
        { name: 'read groups', ok: false, message: expect.stringContaining('no account is authorized for it yet') },
      ]),
    )
    const { back, browser } = await signIn(await newLink())
    await show(back, browser)
    await running.restart(async () => {
      for (let count = 0; count < 2; count++)
        expect(await check()).toEqual([
          { name: 'read users', ok: true, message: 'ok' },
          { name: 'read groups', ok: true, message: 'ok' },
        ])
    })
    expect(await run()).toMatchObject({ error: null, notices: [] })
  })

  test('says which command tries them where a server has it', async () => {
    expect(await check()).toEqual([
      { name: 'authorized accounts', ok: true, message: expect.stringContaining('"rosterd provider test contoso"') },
    ])
  })
})
