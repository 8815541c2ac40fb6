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

describeWithTool('chromium', 'users, groups and logs, in a browser', () => {
  let tenants: SimulatedTenants
  let server: AdministeredServer
  let browser: Browser
  let person: string
  let group: string

  beforeAll(async () => {
    tenants = await startTrustedTenants({ data: 'empty' })
    fillSmallTenants(tenants)
    const people = tenants.entra.tenant.directory
    for (let n = 100; n < 160; n++)
      people.addUser({ id: entraUserId(n), userPrincipalName: `p${n}@contoso.example`, accountEnabled: n % 2 === 0 })
    server = await startAdministeredServer({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
    await server.admin('ada', 'owner')
    const { engine, providers, directory, accounts } = server.workspace
    for (const { id } of providers) await engine.run(id, { trigger: 'schedule' })
    const dn = (name: string) => directory.entryByDn(`${name},dc=example,dc=com`)?.entryUUID ?? ''
    const entryUUID = dn('uid=person1,ou=people')
    person = `/admin/users/${entryUUID}`
    group = `/admin/groups/${dn('cn=Outer,ou=groups')}`
    const by = { kind: 'admin', id: 'root' } as const
    await accounts.appPasswords.add(entryUUID, { name: 'phone', networks: ['10.0.0.0/8'] }, by)
    await accounts.secondFactors.begin(entryUUID, by)
    for (const result of ['success', 'invalidCredentials'])
      server.operationLog.take(
        Buffer.from(
          `${JSON.stringify({ event: 'operation', time: server.clock.now().toISOString(), operation: 'bind', dn: `uid=person1,ou=people,${'x'.repeat(80)}`, identity: 'anonymous', result, remoteAddress: '192.0.2.7', durationMs: 2, reason: 'wrong password' })}\n`,
        ),
      )
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
    await tenants.close()
  })

  const signedIn = (options: Parameters<Browser['newContext']>[0] = {}) =>
    signedInPage(browser, server, { path: '/admin/users' }, options)

  const paths = () => [
    '/admin/users?status=inactive',
    '/admin/users?search=nobody',
    '/admin/users?page=2',
    person,
    '/admin/groups',
    group,
    '/admin/explain',
    '/admin/explain?name=person1&address=192.0.2.7',
    '/admin/explain?name=person1&address=office',
    '/admin/logs',
  ]

  test.each(['light', 'dark'] as const)('nothing is wrong with the pages in %s', async (colorScheme) => {
    const page = await signedIn({ colorScheme })
    for (const path of paths()) {
      await page.goto(server.origin + path)
      expect([path, await pageProblems(page)]).toEqual([path, []])
    }
  })

  test('no page is wider than a phone', async () => {
    const page = await signedIn({ viewport: { width: 360, height: 700 } })
    for (const path of paths()) {
      await page.goto(server.origin + path)
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), path).toBe(true)
    }
  })

  test('without scripts, somebody is found, blocked with a reason, and unblocked', async () => {
    const page = await signedIn({ javaScriptEnabled: false })
    expect(await page.getByRole('row').count()).toBe(51)
    await page.getByRole('link', { name: 'Next' }).click()
    expect(new URL(page.url()).search).toBe('?page=2')
    await page.getByLabel('Name, address or id').fill('person1')
    await page.getByLabel('User status').selectOption('Active')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.getByRole('link', { name: 'person1' }).click()
    await page.getByLabel('Reason').fill('lost laptop')
    await page.getByLabel('Until (UTC)').fill('2030-12-31T18:00')
    await page.getByRole('button', { name: 'Block sign-in' }).click()
    expect(await page.getByRole('status').textContent()).toBe('Sign-in is blocked. Open connections end.')
    expect(await page.getByText('Blocked by ada since').textContent()).toMatch(/until 2030-12-31 18:00 UTC/)
    await page.getByRole('link', { name: 'Why can’t they sign in?' }).click()
    const steps = page.getByRole('listitem').filter({ hasText: 'Stops it' })
    expect(await steps.allTextContents()).toContainEqual(expect.stringMatching(/Sign-in is blocked here by ada/))
    await steps.getByRole('link', { name: 'person1' }).first().click()
    await page.getByRole('button', { name: 'Unblock' }).click()
    expect(await page.getByRole('status').textContent()).toBe('The block is lifted.')
  })

  test('a one-time password is shown once, and can be copied', async () => {
    const page = await signedIn()
    await page.goto(server.origin + person)
    await page.getByRole('button', { name: 'Reset password' }).click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('A password for Person 1')
    expect(await pageProblems(page)).toEqual([])
    expect(await page.getByRole('button', { name: 'Copy' }).count()).toBe(1)
  })
})
