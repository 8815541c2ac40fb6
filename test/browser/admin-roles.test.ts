import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type Role, roles } from '../../server/directory/administrators/admin-records.ts'
import { type AdministeredServer, startAdministeredServer } from '../builders/administered-server.ts'
import { startBrowser } from '../builders/browser.ts'
import { pageProblems } from '../builders/page-checks.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { signedInPage } from '../builders/signed-in-page.ts'
import { entraGroupId, entraUserId, fillSmallTenants } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../sync/sync-fixture.ts'

const toChange = ['owner', 'administrator', 'user-manager'] as const
const administrators = ['owner', 'administrator'] as const

/** Every page, with who may see it; where nobody is named: all. */
const pages: readonly (readonly [path: string, allowed?: readonly Role[]])[] = [
  ['/admin'],
  ['/admin/providers'],
  ['/admin/providers/new?type=okta', toChange],
  ['/admin/providers/acme'],
  ['/admin/providers/acme/edit', toChange],
  ['/admin/providers/acme/rules', toChange],
  ['/admin/providers/acme/attributes', toChange],
  ['/admin/providers/acme/groups'],
  ['/admin/providers/acme/remove', administrators],
  ['/admin/sync'],
  ['/admin/sync/runs'],
  ['/admin/sync/enrollment'],
  ['/admin/users'],
  [`/admin/users/${entraUserId(1)}`],
  ['/admin/groups'],
  [`/admin/groups/${entraGroupId(1)}`],
  ['/admin/binders'],
  ['/admin/binders/web'],
  ['/admin/binders/web/edit', administrators],
  ['/admin/binders/web/clients'],
  ['/admin/binders/web/host'],
  ['/admin/explain?name=person1'],
  ['/admin/logs'],
  ['/admin/operations'],
  ['/admin/settings'],
  ['/admin/admins'],
  ['/admin/admins/owner'],
  ['/admin/tokens'],
  ['/admin/account'],
]

describeWithTool('chromium', 'every page in every role, in a browser', () => {
  let tenants: SimulatedTenants
  let server: AdministeredServer
  let browser: Browser

  beforeAll(async () => {
    tenants = await startTrustedTenants({ data: 'empty' })
    fillSmallTenants(tenants)
    server = await startAdministeredServer({ providers: [entraSettings(tenants)] })
    const root = { name: 'root', address: null }
    const { workspace, administration } = server
    for (const role of roles) await server.admin(role, role)
    await workspace.engine.run('contoso', { trigger: 'test' })
    await workspace.managedProviders.add(oktaSettings(tenants), root)
    await workspace.engine.run('acme', { trigger: 'test' })
    await workspace.engine.control.resume('acme', 'root')
    const everything = { scope: 'tree', attributes: '*', networks: [], requireTls: false, grants: [] } as const
    await administration.binders.add('web', everything, root)
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
    await tenants.close()
  })

  test.each(roles)('as %s', async (role) => {
    const page = await signedInPage(browser, server, { path: '/admin', name: role })
    for (const [path, allowed = roles] of pages) {
      const answer = await page.goto(server.origin + path)
      expect([path, answer?.status()]).toEqual([path, allowed.some((one) => one === role) ? 200 : 403])
      expect([path, await pageProblems(page)]).toEqual([path, []])
    }
    // What the role may not do is not offered.
    for (const [path, allowed = roles] of pages.filter(([, one]) => one !== undefined)) {
      await page.goto(`${server.origin}${path.replace(/\/[^/]*$/, '')}`)
      const link = page.locator(`main a[href="${path}"], main form[action="${path}"]`)
      if (!allowed.some((one) => one === role)) expect([path, await link.count()]).toEqual([path, 0])
    }
  })

  test('without scripts, every page shows what it is about', async () => {
    const page = await signedInPage(browser, server, { path: '/admin', name: 'owner' }, { javaScriptEnabled: false })
    for (const [path] of pages) {
      await page.goto(server.origin + path)
      expect([path, await page.locator('main h1').count()]).toEqual([path, 1])
      expect([path, (await page.locator('main').innerText()).length > 40]).toEqual([path, true])
    }
  })
})
