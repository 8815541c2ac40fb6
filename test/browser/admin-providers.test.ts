import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type AdministeredServer, startAdministeredServer } from '../builders/administered-server.ts'
import { startBrowser } from '../builders/browser.ts'
import { pageProblems } from '../builders/page-checks.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { signedInPage } from '../builders/signed-in-page.ts'
import { fillSmallTenants } from '../sync/small-tenants.ts'
import { entraSettings, startTrustedTenants } from '../sync/sync-fixture.ts'

describeWithTool('chromium', 'providers, in a browser', () => {
  let tenants: SimulatedTenants
  let server: AdministeredServer
  let browser: Browser

  beforeAll(async () => {
    tenants = await startTrustedTenants({ data: 'empty' })
    fillSmallTenants(tenants)
    server = await startAdministeredServer({ providers: [entraSettings(tenants)] })
    await server.admin('ada', 'owner')
    await server.workspace.engine.run('contoso', { trigger: 'test' })
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
    await tenants.close()
  })

  const signedIn = (options: Parameters<Browser['newContext']>[0] = {}) =>
    signedInPage(browser, server, { path: '/admin/providers' }, options)

  test('without scripts, Okta is connected from the picker to people who are served', async () => {
    const page = await signedIn({ javaScriptEnabled: false })
    await page.getByLabel('Select synchronization provider').selectOption('Okta')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Descriptive name').fill('Acme')
    await page.getByLabel('Short name').fill('acme')
    await page.getByLabel('URL of your Okta site').fill(tenants.okta.orgUrl)
    await page.getByLabel('API key').fill(tenants.okta.apiToken)
    await page.getByRole('button', { name: 'Connect' }).click()
    expect(await page.getByRole('status').textContent()).toMatch(/^Acme is connected, and read now/)
    await server.workspace.engine.run('acme', { trigger: 'test' })
    await page.reload()
    expect(await page.getByText('5 users served').count()).toBe(1)
    await page.getByRole('button', { name: 'Accept and apply' }).click()
    expect(await page.getByRole('status').textContent()).toBe('Acme is served from now on.')
    expect(await page.getByText('Your account passes user synchronization validation').count()).toBe(1)
    await page.getByRole('link', { name: 'Edit rules' }).click()
    await page.getByLabel('Non-allowed users: members of').fill('Board')
    await page.getByRole('button', { name: 'Preview' }).click()
    expect(await page.getByText('member of the excluded group "Board"').count()).toBeGreaterThan(0)
  })

  test('with scripts, the preview follows what is typed, and groups are suggested from four characters on', async () => {
    const page = await signedIn()
    const problems: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
    await page.goto(`${server.origin}/admin/providers/acme/rules`)
    const add = page.getByLabel('Add to: Allowed users: members of')
    await add.pressSequentially('Staf')
    const option = page.locator('#allowUsersInGroups-suggestions option')
    await option.waitFor({ state: 'attached' })
    await add.fill((await option.getAttribute('value')) ?? '')
    expect(await page.getByLabel('Allowed users: members of', { exact: true }).inputValue()).toMatch(
      /^Staff \(00g\w+\)$/,
    )
    await page.getByText('2: member of no allowed group').waitFor()
    expect(await pageProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Save' }).click()
    expect(await page.getByRole('status').textContent()).toMatch(/^The rules are saved/)
    expect(problems).toEqual([])
  })

  test.each([
    '/admin/providers',
    '/admin/providers/new?type=entra',
    '/admin/providers/new?type=okta',
    '/admin/providers/acme',
    '/admin/providers/contoso',
    '/admin/providers/acme/edit',
    '/admin/providers/acme/rules',
    '/admin/providers/acme/attributes',
    '/admin/providers/acme/groups',
    '/admin/providers/acme/remove',
  ])('nothing is wrong with %s, in light and dark, and it fits on a phone', async (path) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await signedIn({ colorScheme })
      await page.goto(server.origin + path)
      expect(await pageProblems(page)).toEqual([])
      await page.setViewportSize({ width: 360, height: 700 })
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    }
  })

  test('nothing is wrong with a form that was refused', async () => {
    const page = await signedIn({})
    await page.goto(`${server.origin}/admin/providers/new?type=okta`)
    await page.getByLabel('Descriptive name').fill('Acme')
    await page.getByLabel('Short name').fill('acme')
    await page.getByLabel('URL of your Okta site').fill('http://acme.example')
    await page.getByRole('button', { name: 'Connect' }).click()
    expect(await page.getByText('is not an https:// URL').count()).toBe(1)
    expect(await pageProblems(page)).toEqual([])
  })
})
