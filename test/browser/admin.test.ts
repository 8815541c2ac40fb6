import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'ldapts'
import { Secret, TOTP } from 'otpauth'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBrowser } from '../builders/browser.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { keepSource, pageProblems } from '../builders/page-checks.ts'
import { describeWithTool } from '../builders/required-tool.ts'

const password = 'quiet otter paints seven violins'

describeWithTool('chromium', 'administrators, in a browser', () => {
  let folder: ConfiguredFolder
  let server: ServingProcess
  let browser: Browser
  let page: Page
  let origin: string
  const link = async () => {
    const text = await readFile(join(folder.path, 'data', 'setup-link'), 'utf8')
    return `${origin}${new URL(text.trim()).pathname}`
  }

  beforeAll(async () => {
    folder = await configuredFolder()
    server = await folder.serve()
    origin = `http://localhost:${server.ports.admin}`
    browser = await startBrowser()
    page = await newPage({ javaScriptEnabled: false })
  })
  afterAll(async () => {
    await browser.close()
    await folder[Symbol.asyncDispose]()
  })

  const newPage = async (options: Parameters<Browser['newContext']>[0] = {}) =>
    keepSource(await (await browser.newContext(options)).newPage())
  const heading = (of = page) => of.getByRole('heading', { level: 1 }).textContent()
  const button = (name: string) => page.getByRole('button', { name, exact: true })

  async function signIn(of: Page, name: string, code = ''): Promise<void> {
    await of.goto(`${origin}/admin`)
    await of.getByLabel('Name').fill(name)
    await of.getByLabel('Password').fill(password)
    await of.getByLabel('Code').fill(code)
    await of.getByRole('button', { name: 'Sign in' }).click()
  }

  async function choosePassword(of: Page): Promise<void> {
    await of.getByLabel('Password').fill(password)
    await of.getByLabel('Once more').fill(password)
  }

  test('the first start leaves a link that its user alone can read, and no log has it', async () => {
    const file = join(folder.path, 'data', 'setup-link')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const token = (await link()).split('/').at(-1) ?? ''
    expect(token).toMatch(/^[\w-]{32}$/)
    const log = server.lines.join('\n')
    expect(log).toContain('nobody administers this server yet')
    expect(log).not.toContain(token)
  })

  test('without scripts, the first Owner is set up and sees the overview', async () => {
    await page.goto(await link())
    expect(await heading()).toBe('Set up the administration of Example')
    await page.getByLabel('Name').fill('ada')
    await choosePassword(page)
    await button('Become Owner').click()
    expect([page.url(), await heading()]).toEqual([`${origin}/admin`, 'Overview'])
    expect(await page.getByRole('row', { name: /^Seed LDIF file/ }).textContent()).toContain('Up to date')
    const links = await page.getByRole('navigation').getByRole('link').allTextContents()
    expect(links.map((text) => text.trim())).toEqual(
      expect.arrayContaining(['Overview', 'Sync', 'Users', 'Groups', 'LDAP binders', 'Admins', 'Your sign-in']),
    )
    await page.goto(await link())
    expect(await heading()).toBe('404 Not Found')
  })

  test('an Owner adds an Auditor, who chooses a password and may look alone', async () => {
    await page.goto(`${origin}/admin/admins`)
    await page.getByLabel('Name').fill('eve')
    await page.getByRole('radio', { name: /^Auditor/ }).check()
    await button('Add').click()
    const made = (await page.locator('code').textContent()) ?? ''
    const auditor = await newPage({ javaScriptEnabled: false })
    await auditor.goto(`${origin}${new URL(made).pathname}`)
    await choosePassword(auditor)
    await auditor.getByRole('button', { name: 'Set password' }).click()
    expect(await heading(auditor)).toBe('Overview')
    await auditor.getByRole('link', { name: 'Admins' }).click()
    expect(await auditor.getByRole('heading', { name: 'Add an administrator' }).count()).toBe(0)
    expect(await auditor.getByRole('row', { name: /administrator created eve/ }).count()).toBe(1)

    await page.goto(`${origin}/admin/admins/eve`)
    await button('Sign out everywhere').click()
    expect(await page.getByRole('status').textContent()).toBe('eve is signed out everywhere.')
    await auditor.reload()
    expect(auditor.url()).toMatch(/\/admin\/sign-in\?next=/)
  })

  test('an Owner sets up a second factor, and signs in with a code', async () => {
    await page.goto(`${origin}/admin/account`)
    await button('Set up an authenticator app').click()
    const secret = ((await page.locator('code').textContent()) ?? '').replaceAll(' ', '')
    const app = new TOTP({ secret: Secret.fromBase32(secret) })
    await page.getByLabel('Code that the app shows now').fill(app.generate())
    await button('Switch it on').click()
    expect(await page.getByRole('status').textContent()).toMatch(/^Your second factor is on/)
    const other = await newPage()
    await signIn(other, 'ada')
    expect(await other.getByRole('alert').textContent()).toMatch(/^That did not fit together/)
    // The next step: the one just used is of no use any more.
    await signIn(other, 'ada', app.generate({ timestamp: Date.now() + 30_000 }))
    expect(await heading(other)).toBe('Overview')
  })

  test('commands make, list, reset and remove administrators beside the server; the last Owner stays', async () => {
    expect(await folder.run('admin', 'create', 'grace', '--role', 'boss')).toMatchObject({ exitCode: 1 })
    const made = await folder.run('admin', 'create', 'grace', '--role', 'user-manager')
    expect(made.stdout).toMatch(
      /With this link grace chooses a password:\n\n {2}http:\/\/localhost:8080\/admin\/setup\/[\w-]{32}\n/,
    )
    const listed = JSON.parse((await folder.run('admin', 'list', '--json')).stdout) as readonly object[]
    expect(listed).toMatchObject([
      { name: 'ada', role: 'owner', canSignIn: true, hasSecondFactor: true, isLastOwner: true },
      { name: 'eve', role: 'auditor' },
      { name: 'grace', role: 'user-manager', canSignIn: false },
    ])
    expect(await folder.run('admin', 'remove', 'grace')).toMatchObject({ exitCode: 0 })
    const refused = await folder.run('admin', 'remove', 'ada')
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('ada is the last Owner')])
    expect((await folder.run('admin', 'reset', 'eve')).stdout).toContain('/admin/setup/')
    const evening = await newPage()
    await signIn(evening, 'eve')
    expect(await evening.getByRole('alert').count()).toBe(1)
  })

  test('a bind that was refused is in the log, with what the client was not told', async () => {
    const client = new Client({ url: `ldap://127.0.0.1:${server.ports.ldap}` })
    await expect(client.bind('uid=mallory,ou=people,dc=example,dc=com', 'a guess')).rejects.toThrow()
    await client.unbind()
    await server.printed('mallory')
    await page.goto(`${origin}/admin/logs?search=mallory&result=failure`)
    const row = page.getByRole('row', { name: /invalidCredentials/ })
    expect(await row.textContent()).toContain('no such entry')
    await row.getByRole('link', { name: 'Why?' }).click()
    expect(await heading()).toBe('Why can’t X sign in?')
  })

  test('without scripts, a token of the API is made, and revoked', async () => {
    await page.goto(`${origin}/admin/tokens`)
    await page.getByRole('textbox', { name: 'Name' }).fill('terraform')
    await page.getByLabel('Role').selectOption('auditor')
    await button('Make token').click()
    expect(await heading()).toBe('Token terraform')
    const headers = { authorization: `Bearer ${(await page.locator('.secret').textContent()) ?? ''}` }
    const status = async () => (await fetch(`${origin}/api/v1/status`, { headers })).status
    expect(await status()).toBe(200)
    await page.getByRole('link', { name: 'Back to API tokens' }).click()
    await page.getByRole('link', { name: 'terraform' }).click()
    await page.getByLabel('Yes, revoke terraform').check()
    await button('Revoke').click()
    expect([page.url(), await status()]).toEqual([`${origin}/admin/tokens`, 401])
  })

  test('by keyboard alone, the first stop leads past the navigation', async () => {
    const other = await newPage(await sessionOf(page.context()))
    await other.goto(`${origin}/admin/admins`)
    await other.keyboard.press('Tab')
    await other.keyboard.press('Enter')
    await other.keyboard.press('Tab')
    expect(await other.evaluate('document.querySelector("main").contains(document.activeElement)')).toBe(true)
  })

  test('on a phone the menu opens and closes by keyboard, and no page is wider than it', async () => {
    const phone = await newPage({ ...(await sessionOf(page.context())), viewport: { width: 360, height: 700 } })
    for (const path of [
      '/admin',
      '/admin/operations',
      '/admin/settings',
      '/admin/admins',
      '/admin/admins/eve',
      '/admin/tokens',
      '/admin/account',
      '/',
    ]) {
      await phone.goto(origin + path)
      expect(await phone.evaluate('document.documentElement.scrollWidth <= innerWidth'), path).toBe(true)
    }
    await phone.goto(`${origin}/admin`)
    expect(await phone.getByRole('navigation').count()).toBe(0)
    await phone.getByRole('button', { name: 'Menu' }).press('Enter')
    expect(await phone.getByRole('navigation').getByRole('link', { name: 'Admins' }).isVisible()).toBe(true)
    await phone.keyboard.press('Escape')
    expect(await phone.getByRole('navigation').count()).toBe(0)
  })

  test.each([
    ['/admin', 'light'],
    ['/admin/settings', 'light'],
    ['/admin/settings', 'dark'],
    ['/admin', 'dark'],
    ['/admin/admins', 'light'],
    ['/admin/admins', 'dark'],
    ['/admin/tokens', 'light'],
    ['/admin/tokens', 'dark'],
    ['/admin/admins/eve', 'light'],
    ['/admin/admins/eve', 'dark'],
    ['/admin/admins/ada', 'light'],
    ['/admin/account', 'light'],
    ['/admin/account', 'dark'],
  ] as const)('nothing is wrong with %s in %s', async (path, colorScheme) => {
    const other = await newPage({ ...(await sessionOf(page.context())), colorScheme })
    await other.goto(origin + path)
    expect(other.url()).toBe(origin + path)
    expect(await pageProblems(other)).toEqual([])
  })

  test.each(['/', '/admin/sign-in', '/admin/setup/none', '/me/sign-in', '/nowhere'])(
    'nothing is wrong with %s, in light and dark',
    async (path) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const other = await newPage({ colorScheme })
        await other.goto(origin + path)
        expect(await pageProblems(other)).toEqual([])
      }
    },
  )

  test('nothing is wrong with a token that is shown once, nor with its page', async () => {
    const other = await newPage(await sessionOf(page.context()))
    await other.goto(`${origin}/admin/tokens`)
    await other.getByRole('textbox', { name: 'Name' }).fill('two words')
    await other.getByRole('button', { name: 'Make token' }).click()
    expect(await pageProblems(other)).toEqual([])
    await other.getByRole('textbox', { name: 'Name' }).fill('prometheus')
    await other.getByRole('button', { name: 'Make token' }).click()
    await other.getByRole('button', { name: 'Copy' }).waitFor()
    expect(await pageProblems(other)).toEqual([])
    await other.goto(`${origin}/admin/tokens`)
    await other.getByRole('link', { name: 'prometheus' }).click()
    expect(await heading(other)).toBe('prometheus')
    expect(await pageProblems(other)).toEqual([])
  })

  test('nothing is wrong with what is shown once, nor with a form that was refused', async () => {
    const other = await newPage(await sessionOf(page.context()))
    await other.goto(`${origin}/admin/admins`)
    await other.getByLabel('Name').fill('eve')
    await other.getByRole('button', { name: 'Add' }).click()
    expect(await other.getByRole('alert').textContent()).toContain('There is an administrator "eve" already')
    expect(await other.getByLabel('Name').inputValue()).toBe('eve')
    expect(await pageProblems(other)).toEqual([])
    await other.getByLabel('Name').fill('kim')
    await other.getByRole('button', { name: 'Add' }).click()
    expect(await heading(other)).toBe('A link for kim')
    await other.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await other.getByRole('button', { name: 'Copy' }).click()
    await other.getByRole('button', { name: 'Copied' }).waitFor()
    const copied = await other.evaluate<string>('navigator.clipboard.readText()')
    expect(copied).toBe(await other.locator('code').textContent())
    expect(await pageProblems(other)).toEqual([])
    const made = (await other.locator('code').textContent()) ?? ''
    const kim = await newPage()
    await kim.goto(`${origin}${new URL(made).pathname}`)
    expect(await pageProblems(kim)).toEqual([])
    await choosePassword(kim)
    await kim.getByRole('button').click()
    await kim.goto(`${origin}/admin/account`)
    await kim.getByRole('button', { name: 'Set up an authenticator app' }).click()
    expect(await pageProblems(kim)).toEqual([])
  })

  async function sessionOf(context: BrowserContext) {
    return { storageState: await context.storageState() }
  }
})
