import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { startBrowser } from '../builders/browser.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { type DemoSite, publicUrl, startDemoSite } from './demo-site.ts'

/*
 * The walk of docs/walkthrough.md: a new administrator, from the first start to a host that people log in to. It takes the
 * pictures of that page anew.
 */

const width = 1100
const pictures = join(import.meta.dirname, '..', '..', 'docs', 'walkthrough')
const administrator = 'zoe.lindqvist@contoso.example'
const ownPassword = 'quiet otter paints seven violins'

await using site = await startDemoSite()
await using browser = await startBrowser(
  `--host-resolver-rules=MAP localhost:8080 127.0.0.1:${site.server.ports.admin}`,
)
const page = await (await browser.newContext({ colorScheme: 'light', reducedMotion: 'reduce' })).newPage()
await firstOwner(page, site)
await connectEntra(page, site)
await connectOkta(page, site)
await everydayPages(page, site)
await firstHost(page, site)
await ownPage(page, site)

async function firstOwner(page: Page, { dataDir }: DemoSite): Promise<void> {
  await page.goto((await readFile(join(dataDir, 'setup-link'), 'utf8')).trim())
  await page.getByLabel('Name').fill('ada')
  await page.getByLabel('Password').fill(ownPassword)
  await page.getByLabel('Once more').fill(ownPassword)
  await picture(page, 'setup')
  await press(page, 'Become Owner')
  await picture(page, 'overview-empty')
}

async function connectEntra(page: Page, { tenants }: DemoSite): Promise<void> {
  const { tenantId, clientId, clientSecret, authorityHost, graphUrl, scope } = tenants.entra
  await page.goto(`${publicUrl}/admin/providers`)
  await page.getByLabel('Select synchronization provider').selectOption('Microsoft Entra ID (Azure)')
  await picture(page, 'select-provider')
  await press(page, 'Continue')
  await page.getByLabel('Descriptive name').fill('Contoso')
  await page.getByLabel('Short name').fill('contoso')
  await page.getByLabel('Directory (tenant) id').fill(tenantId)
  await page.getByLabel('Application (client) id').fill(clientId)
  await page.getByLabel('Client secret', { exact: true }).fill(clientSecret)
  await page.getByLabel('Authorize accounts of administrators').check()
  await picture(page, 'connect-entra', 1000)
  await page.getByText('Another cloud').click()
  await page.getByLabel('Cloud', { exact: true }).selectOption('Other addresses')
  await page.getByLabel('Other address of sign-in').fill(authorityHost)
  await page.getByLabel('Other address of Microsoft Graph').fill(`${graphUrl}/v1.0`)
  await page.getByLabel('Other scope').fill(scope)
  await press(page, 'Connect')
  await whenShown(page, 'Accept and apply')
  await picture(page, 'first-preview')
  await press(page, 'Accept and apply')

  await press(page, 'For both')
  await picture(page, 'authorize-link')
  await page.getByRole('link', { name: 'Authorize account' }).click()
  await picture(page, 'authorize')
  await page.getByRole('button', { name: /^Continue to/ }).click()
  await page.getByLabel('User name').fill(administrator)
  await page.getByLabel('Password').fill('demo-zoe.lindqvist')
  await press(page, 'Sign in')
  await page.getByRole('heading', { name: /^Your account passes/ }).waitFor()
  await picture(page, 'authorized')
  await page.goto(`${publicUrl}/admin/providers/contoso`)
  await picture(page, 'provider', 1000)
}

async function connectOkta(page: Page, { tenants, server }: DemoSite): Promise<void> {
  await page.goto(`${publicUrl}/admin/providers/new?type=okta`)
  await page.getByLabel('Descriptive name').fill('Acme')
  await page.getByLabel('Short name').fill('acme')
  await page.getByLabel('URL of your Okta site').fill(tenants.okta.orgUrl)
  await page.getByLabel('API key').fill(tenants.okta.apiToken)
  await page.getByLabel('Enrollment type').selectOption('send-enrollment-email')
  await picture(page, 'connect-okta', 1000)
  await press(page, 'Connect')
  await whenShown(page, 'Accept and apply')
  await press(page, 'Accept and apply')

  await page.goto(`${publicUrl}/admin/providers/contoso/rules`)
  await page.getByLabel('Would this user or group sync?').fill('zoe.lindqvist')
  await page.getByLabel('Non-allowed users: members of', { exact: true }).fill('Partners & Guests')
  await page.getByRole('button', { name: 'Preview' }).click()
  await page.getByText('member of the excluded group').first().waitFor()
  await picture(page, 'rules', 1000)

  tenants.entra.tenant.faults.add({ kind: 'slow-body', path: '/groups', delayMs: 3000, times: Infinity })
  await page.goto(`${publicUrl}/admin/sync`)
  await page.getByRole('region', { name: 'Contoso' }).getByRole('button', { name: 'Full sync' }).click()
  await page.locator('[data-progress=contoso]', { hasText: /\w/ }).waitFor()
  await picture(page, 'sync')
  tenants.entra.tenant.faults.clear()
  await server.workspace.engine.run('contoso', { trigger: 'walkthrough' })
}

async function everydayPages(page: Page, { server }: DemoSite): Promise<void> {
  await page.goto(`${publicUrl}/admin/users`)
  await picture(page, 'users')
  await page.goto(`${publicUrl}/admin/users/${entryUUIDOf(server, 'zoe.lindqvist')}`)
  await picture(page, 'person', 1000)
  await page.goto(`${publicUrl}/admin/explain`)
  await page.getByLabel('Name of the person').fill('zoe.lindqvist')
  await press(page, 'Explain')
  await picture(page, 'explain', 760)
  await page.goto(`${publicUrl}/admin`)
  await picture(page, 'overview', 1000)
}

async function firstHost(page: Page, { server }: DemoSite): Promise<void> {
  await page.goto(`${publicUrl}/admin/binders`)
  await page.getByLabel('Name', { exact: true }).last().fill('web-hosts')
  await press(page, 'Add')
  const secret = (await page.locator('code.secret').textContent()) ?? ''
  await picture(page, 'binder')
  await page.getByRole('link', { name: 'Set up a Linux host' }).click()
  await page.getByLabel('Which group may log in?').fill('Engineering')
  await press(page, 'Make the script')
  await picture(page, 'host', 900)
  await using client = await RawLdapClient.connectTls(server.ports.ldaps ?? 0, { rejectUnauthorized: false })
  await client.bind('cn=web-hosts,ou=services,dc=example,dc=com', secret)
  await client.search({ filter: '(uid=zoe.lindqvist)' })
  await page
    .getByText(/looked up zoe/)
    .first()
    .waitFor()
  await picture(page, 'host-connected', 1150)
}

async function ownPage(page: Page, { mails }: DemoSite): Promise<void> {
  await page.goto(`${publicUrl}/admin/sync/enrollment`)
  await page.getByLabel(/^Yes, send/).check()
  await picture(page, 'enrollment')
  await press(page, 'Send enrollment email')
  const links = () => mails.mails.flatMap(({ text }) => /\S+\/enroll\/\S+/.exec(text) ?? [])
  while (links().length === 0) await page.reload()
  const [link = ''] = links()
  const visitor = await (await browser.newContext()).newPage()
  await visitor.goto(link)
  await picture(visitor, 'enroll')
  await press(visitor, 'Confirm')
  const own = visitor.getByRole('region', { name: 'Directory password' })
  await own.getByLabel('New password').fill(ownPassword)
  await own.getByLabel('Once more').fill(ownPassword)
  await own.getByRole('button').click()
  await visitor.getByText('Your directory password is set').waitFor()
  await picture(visitor, 'me', 1000)
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
}

/** What goes on in the background is on the page after a while. */
async function whenShown(page: Page, button: string): Promise<void> {
  for (let tries = 0; (await page.getByRole('button', { name: button }).count()) === 0; tries += 1) {
    if (tries === 300) throw new Error(`${page.url()} never has "${button}"`)
    await page.reload()
  }
}

function entryUUIDOf({ workspace }: DemoSite['server'], uid: string): string {
  const entry = workspace.directory.entryByDn(`uid=${uid},ou=people,dc=example,dc=com`)
  if (entry === undefined) throw new Error(`nobody is ${uid}`)
  return entry.entryUUID
}

/** The page from its top on, as high as what is looked at. */
async function picture(page: Page, name: string, height = 640): Promise<void> {
  await page.setViewportSize({ width, height })
  await page.evaluate('scrollTo(0, 0)')
  await page.screenshot({ path: join(pictures, `${name}.png`) })
}
