import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { adminPassword } from '../builders/administered-server.ts'
import { startBrowser } from '../builders/browser.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { keepSource, pageProblems } from '../builders/page-checks.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { describeWithTool } from '../builders/required-tool.ts'

describeWithTool('chromium', 'LDAP binders, in a browser', () => {
  let folder: ConfiguredFolder
  let server: ServingProcess
  let browser: Browser
  let session: Awaited<ReturnType<BrowserContext['storageState']>>
  let secret: string
  let origin: string

  beforeAll(async () => {
    folder = await configuredFolder()
    server = await folder.serve()
    origin = `http://localhost:${server.ports.admin}`
    browser = await startBrowser()
    const context = await browser.newContext()
    const page = await context.newPage()
    const link = (await readFile(join(folder.path, 'data', 'setup-link'), 'utf8')).trim()
    await page.goto(`${origin}${new URL(link).pathname}`)
    await page.getByLabel('Name').fill('ada')
    await page.getByLabel('Password').fill(adminPassword)
    await page.getByLabel('Once more').fill(adminPassword)
    await page.getByRole('button', { name: 'Become Owner' }).click()
    session = await context.storageState()
    await context.close()
  })
  afterAll(async () => {
    await browser.close()
    await folder[Symbol.asyncDispose]()
  })

  const open = async (path: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
    const page = keepSource(await (await browser.newContext({ ...options, storageState: session })).newPage())
    await page.goto(origin + path)
    return page
  }

  /** As sssd does it. */
  async function host(from: string, password = secret): Promise<void> {
    await using client = await RawLdapClient.connect(server.ports.ldap, from)
    await client.bind('cn=web-hosts,ou=services,dc=example,dc=com', password)
    await client.search({ filter: '(uid=ada)' })
    await using login = await RawLdapClient.connect(server.ports.ldap, from)
    await login.bind('uid=ada,ou=people,dc=example,dc=com', 'ada-secret')
  }

  test('without scripts, a binder is added, a host is set up, and Refresh shows that it has connected', async () => {
    const page = await open('/admin/binders', { javaScriptEnabled: false })
    await page.getByLabel('Name', { exact: true }).last().fill('web-hosts')
    await page.getByRole('button', { name: 'Add' }).click()
    secret = (await page.locator('code.secret').textContent()) ?? ''
    await page.getByRole('link', { name: 'Set up a Linux host' }).click()
    await page.getByLabel('Which group may log in?').fill('engineering')
    await page.getByRole('button', { name: 'Make the script' }).click()
    expect(await page.getByText('Waiting for a client of web-hosts to connect.').count()).toBe(1)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download rosterd-host.sh' }).click(),
    ])
    expect(await readFile(await download.path(), 'utf8')).toContain('login_gid=20001\n')
    await host('127.0.0.51')
    await page.getByRole('link', { name: 'Refresh' }).click()
    const done = await page.locator('#live td:nth-child(2)').allTextContents()
    expect(done).toEqual([
      'ada signed in from 127.0.0.51.',
      '127.0.0.51 looked up ada.',
      '127.0.0.51 connected without TLS.',
    ])
  })

  test('the page that waits is told at once, and tells who cannot see it', async () => {
    const page = await open('/admin/binders/web-hosts/host?ready=yes&login=engineering')
    const problems: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
    const watched = page.waitForResponse((answer) => answer.url().endsWith('/admin/binders/web-hosts/events'))
    await page.reload()
    await watched
    await host('127.0.0.52', 'wrong')
    await page.getByRole('cell', { name: '127.0.0.52 was refused: wrong password.' }).waitFor()
    await host('127.0.0.53')
    await page.getByRole('cell', { name: 'ada signed in from 127.0.0.53.' }).waitFor()
    await page.getByText('ada signed in from 127.0.0.53.').first().waitFor()
    expect(await page.locator('#told').textContent()).toBe('ada signed in from 127.0.0.53.')
    expect(problems).toEqual([])
  })

  test('a file of settings is copied with a button', async () => {
    const page = await open('/admin/binders/web-hosts/clients?client=nslcd&group=engineering')
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain('\nbindpw BINDER_PASSWORD\n')
  })

  const main = ['', '/web-hosts', '/web-hosts/host?ready=yes&sudo=staff', '/web-hosts/clients?client=any']
  const others = ['?search=nobody', '/web-hosts/edit', '/svc-reader', '/web-hosts/host?ready=yes&login=nobody']

  test('nothing is wrong with any of the pages, in light and dark and on a phone', async () => {
    for (const [colorScheme, paths] of [
      ['light', [...main, ...others, '/web-hosts/clients?client=freeradius&group=engineering']],
      ['dark', main],
    ] as const) {
      const page = await open('/admin/binders', { colorScheme, viewport: { width: 360, height: 700 } })
      for (const path of paths) {
        await page.goto(`${origin}/admin/binders${path}`)
        expect([path, await pageProblems(page)]).toEqual([path, []])
        expect([path, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([path, true])
      }
    }
  })

  test('nothing is wrong with a refused form, nor with the secret that is shown once', async () => {
    const page = await open('/admin/binders')
    await page.getByLabel('Name', { exact: true }).last().fill('vpn')
    await page.getByText('Limit what it may do').click()
    await page.getByLabel('Comes from').fill('nowhere')
    await page.getByRole('button', { name: 'Add' }).click()
    expect(await page.getByText('"nowhere" is not an address or network').count()).toBe(1)
    expect(await page.getByLabel('Comes from').inputValue()).toBe('nowhere')
    expect(await pageProblems(page)).toEqual([])
    await page.getByLabel('Comes from').fill('192.0.2.0/24')
    await page.getByRole('button', { name: 'Add' }).click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Secret of vpn')
    expect(await pageProblems(page)).toEqual([])
  })
})
