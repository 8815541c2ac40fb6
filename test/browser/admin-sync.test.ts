import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type AdministeredServer, startAdministeredServer } from '../builders/administered-server.ts'
import { startBrowser } from '../builders/browser.ts'
import { pageProblems } from '../builders/page-checks.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { signedInPage } from '../builders/signed-in-page.ts'
import { entraUserId, fillSmallTenants } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../sync/sync-fixture.ts'

describeWithTool('chromium', 'the sync, in a browser', () => {
  let tenants: SimulatedTenants
  let server: AdministeredServer
  let browser: Browser
  let run: string

  beforeAll(async () => {
    tenants = await startTrustedTenants({ data: 'empty', pageSize: 20 })
    fillSmallTenants(tenants)
    for (let n = 100; n < 160; n++)
      tenants.entra.tenant.directory.addUser({ id: entraUserId(n), userPrincipalName: `p${n}@contoso.example` })
    const rates = ['2026-03-01T07:50:00.000Z', '2026-03-01T07:55:00.000Z']
    server = await startAdministeredServer({
      ldap: {
        bindRates: () => rates.map((at, index) => ({ at, accepted: 3 + index, refused: 0.2 })),
        certificate: () => ({
          names: ['ldap.example.com'],
          issuer: 'CN=Example CA',
          expires: '2026-03-20T08:00:00.000Z',
          isRenewed: false,
        }),
      },
      providers: [entraSettings(tenants), oktaSettings(tenants, { enrollment: 'send-enrollment-email' })],
      settings: { smtp: { url: 'smtp://127.0.0.1:2525', from: 'rosterd@example.com', reportTo: ['ops@example.com'] } },
    })
    await server.admin('ada', 'owner')
    run = (await server.workspace.engine.run('contoso', { trigger: 'schedule' })).id
    await server.workspace.engine.run('acme', { trigger: 'schedule' })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
    await tenants.close()
  })

  const signedIn = (options: Parameters<Browser['newContext']>[0] = {}) =>
    signedInPage(browser, server, { path: '/admin/sync' }, options)

  test('without scripts, "Sync now" is answered at once, and "Refresh" shows what came of it', async () => {
    const page = await signedIn({ javaScriptEnabled: false })
    const contoso = page.getByRole('region', { name: /^Contoso/ }).first()
    await contoso.getByRole('button', { name: 'Sync now' }).click()
    expect(await page.getByRole('status').textContent()).toBe('Sync initiated successfully')
    await server.workspace.engine.exclusively(async () => undefined)
    await page.getByRole('link', { name: 'Refresh' }).click()
    expect(await page.getByRole('row', { name: /Asked for by ada/ }).textContent()).toContain('Nothing changed')
  })

  test('with scripts, the page follows a run by itself, under a strict policy', async () => {
    const page = await signedIn()
    const problems: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
    const watched = page.waitForResponse((answer) => answer.url().endsWith('/admin/sync/events'))
    await page.goto(`${server.origin}/admin/sync`)
    await watched
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { jobTitle: 'Captain' })
    await server.workspace.engine.run('contoso', { trigger: 'manual by grace' })
    await page.getByRole('cell', { name: 'Asked for by grace' }).waitFor()
    expect(problems).toEqual([])
  })

  test('held changes are approved in the browser', async () => {
    for (let n = 100; n < 160; n++) tenants.entra.tenant.directory.removeUser(entraUserId(n))
    await server.workspace.engine.run('contoso', { trigger: 'schedule' })
    const page = await signedIn({ javaScriptEnabled: false })
    await page.getByRole('link', { name: '60 changes are held' }).click()
    await page.getByLabel('Yes, apply 60 changes: 60 removed users').check()
    await page.getByRole('button', { name: 'Approve' }).click()
    expect(await page.getByRole('status').textContent()).toBe('60 changes of Contoso applied.')
  })

  test('the overview draws lines, whose figures can be read as a table', async () => {
    const page = await signedIn({ javaScriptEnabled: false })
    await page.goto(`${server.origin}/admin`)
    expect(await page.getByRole('img', { name: 'Binds per minute: 3 at first, 4 at last' }).isVisible()).toBe(true)
    const card = page.getByRole('region', { name: 'Binds per minute', exact: true })
    await card.getByText('Figures').click()
    expect(await card.getByRole('row').allTextContents()).toEqual([
      'WhenBinds per minute',
      '2026-03-01 07:55 UTC4',
      '2026-03-01 07:50 UTC3',
    ])
  })

  test('nothing is wrong with any of its pages, in light and dark and on a phone', async () => {
    const by = { name: 'ada', address: null }
    for (let n = 2; n < 6; n++) tenants.entra.tenant.directory.removeUser(entraUserId(n))
    tenants.entra.tenant.directory.removeUser(entraUserId(1))
    await server.workspace.engine.run('contoso', { trigger: 'schedule' })
    await server.administration.sync.pause('acme', 'the org moves', by)
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await signedIn({ colorScheme, viewport: { width: 360, height: 700 } })
      for (const path of ['/..', '', '/runs', `/runs/${run}`, '/held/contoso', '/held/acme', '/enrollment']) {
        await page.goto(`${server.origin}/admin/sync${path}`)
        expect([path, await pageProblems(page)]).toEqual([path, []])
        expect([path, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([path, true])
      }
    }
  })
})
