import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type AdministeredServer, startAdministeredServer, type Visitor } from '../builders/administered-server.ts'
import { fillSmallTenants, oktaGroupId } from './small-tenants.ts'
import { entraSettings, startTrustedTenants } from './sync-fixture.ts'

/* The pages of providers over the simulated tenants, in the order in which an administrator uses them. */

let tenants: SimulatedTenants
let server: AdministeredServer
let manager: Visitor
let auditor: Visitor
beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  const smtp = { url: 'smtp://127.0.0.1:1', from: 'rosterd@example.com' }
  server = await startAdministeredServer({ providers: [entraSettings(tenants)], settings: { smtp } })
  await server.admin('meg', 'user-manager')
  await server.admin('eve', 'auditor')
  await server.admin('ada', 'administrator')
  manager = await server.signedIn('meg')
  auditor = await server.signedIn('eve')
  await run('contoso')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await tenants.close()
})

const run = (id: string) => server.workspace.engine.run(id, { trigger: 'test' })
const decoded = (html: string) => html.replaceAll('&quot;', '"').replaceAll('&#x3D;', '=')
const textOf = async (answer: Response | Promise<Response>) =>
  decoded(await (await answer).text())
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
const workers = () => [...server.directory.entries()].filter(({ dn }) => dn.startsWith('uid=worker')).length
const connection = () => ({
  type: 'okta',
  name: 'Acme',
  id: 'acme',
  orgUrl: `${tenants.okta.orgUrl}/`,
  apiToken: tenants.okta.apiToken,
  rateLimitShare: '50',
  users: 'yes',
  groups: 'yes',
  uniqueField: 'email',
  enrollment: 'only-sync',
  incrementalMinutes: '10',
  fullHours: '24',
  reportTo: 'ops@example.com',
})

test('the list has what the file connects, and the picker what can be connected here', async () => {
  const text = await textOf(manager.get('/admin/providers'))
  expect(text).toContain('Contoso Microsoft Entra ID (Azure)')
  expect(text).toContain('Select synchronization provider Microsoft Entra ID (Azure) Office 365 Okta Continue')
  expect(await textOf(auditor.get('/admin/providers'))).not.toContain('Select synchronization provider')
})

test('preparing a tenant names the redirect URI, the least permissions and the script', async () => {
  const text = await textOf(manager.get('/admin/providers/new?type=office365'))
  expect(text).toContain('Connect Office 365')
  expect(text).toContain('http://localhost:8080/authorize/callback')
  for (const name of ['User.Read.All', 'GroupMember.Read.All', 'Conditional Access', 'az ad app create'])
    expect(text).toContain(name)
  expect(await textOf(manager.get('/admin/providers/new?type=okta'))).toContain('Read-only Administrator')
  expect((await manager.get('/admin/providers/new?type=ldif')).status).toBe(400)
})

test('a connection with mistakes is shown anew, with what was typed and not the secret', async () => {
  const answer = await manager.post('/admin/providers', {
    ...connection(),
    id: 'Acme!',
    orgUrl: 'http://acme.example',
    incrementalMinutes: 'often',
  })
  expect(answer.status).toBe(422)
  const html = decoded(await answer.text())
  expect(html).toContain('"Acme!" is not a provider id')
  expect(html).toContain('"http://acme.example" is not an https:// URL')
  expect(html).toContain('"often" is not a number')
  expect(html).toContain('ops@example.com')
  expect(html).not.toContain(tenants.okta.apiToken)
})

test('a provider is connected, read, and applied when what it will do was accepted', async () => {
  const answer = await manager.post('/admin/providers', connection())
  expect([answer.headers.get('location'), await textOf(answer)]).toEqual(['/admin/providers/acme', expect.any(String)])
  expect(await textOf(manager.get('/admin/providers/acme'))).toContain('Being read for the first time')
  await run('acme')
  const text = await textOf(manager.get('/admin/providers/acme'))
  expect(text).toContain('Waits to be accepted')
  expect(text).toContain('5 users served , 0 not.')
  expect(text).toContain('add uid=worker1,ou=people,dc=example,dc=com')
  expect(await textOf(auditor.get('/admin/providers/acme'))).not.toContain('Accept and apply')
  expect(workers()).toBe(0)
  expect((await manager.post('/admin/providers/acme/accept')).status).toBe(303)
  expect(workers()).toBe(5)
  const after = await textOf(manager.get('/admin/providers/acme'))
  expect(after).toContain('Up to date')
  expect(after).toContain('Your account passes user synchronization validation')
  expect(after).toContain('"apiToken": { "env": "ACME_API_TOKEN" }')
  expect(after).not.toContain(tenants.okta.apiToken)
  const again = await manager.post('/admin/providers/acme/accept')
  expect([again.status, await textOf(again)]).toEqual([422, expect.stringContaining('acme is not paused')])
})

test('each permission is tested apart', async () => {
  const text = await textOf(manager.post('/admin/providers/acme/test'))
  expect(text).toMatch(/Permission State What was found .* Passes/)
})

test('rules are shown with what they would do before they are saved', async () => {
  const rules = { denyUsersInGroups: 'Board', signInBlocked: 'yes', about: 'worker5@acme.example' }
  const preview = await manager.post('/admin/providers/acme/rules/preview', rules)
  expect(preview.status).toBe(200)
  const text = await textOf(preview)
  expect(text).toContain('inactive: member of the excluded group "Board"')
  expect(text).toContain('1: member of the excluded group "Board" such as worker5@acme.example')
  expect(text).toContain('uid=worker5,ou=people,dc=example,dc=com')
  expect(workers()).toBe(5)
  const saved = await manager.post('/admin/providers/acme/rules', {
    ...rules,
    denyUsersInGroups: `Board (${oktaGroupId(2)})`,
  })
  expect(saved.status).toBe(303)
  await run('acme')
  expect(workers()).toBe(4)
  expect(await (await manager.get('/admin/providers/acme/rules')).text()).toContain(`Board (${oktaGroupId(2)})`)
})

test('a rule about a group that is not there is refused, and nothing is saved', async () => {
  const answer = await manager.post('/admin/providers/acme/rules', {
    denyUsersInGroups: 'Nobody',
    signInBlocked: 'yes',
  })
  expect([answer.status, await textOf(answer)]).toEqual([422, expect.stringContaining('there is no group "Nobody"')])
  expect(await run('acme')).toMatchObject({ error: null })
})

test('groups are suggested from four characters on, and listed with whether they sync', async () => {
  expect((await manager.get('/admin/providers/acme/groups/suggestions?search=Boa')).status).toBe(400)
  const found: unknown = await (await manager.get('/admin/providers/acme/groups/suggestions?search=boar')).json()
  expect(found).toEqual([{ id: oktaGroupId(2), name: 'Board', mail: null }])
  const text = await textOf(auditor.get('/admin/providers/contoso/groups?search=inner'))
  expect(text).toContain('Synced served')
})

test('attributes are tried on a person before they are saved', async () => {
  const preview = await manager.post('/admin/providers/acme/attributes/preview', {
    attributes: 'title = profile.login',
    about: 'worker1@acme.example',
  })
  expect(await textOf(preview)).toContain('title: worker1@acme.example')
  const wrong = await manager.post('/admin/providers/acme/attributes', { attributes: 'nonsense = profile.x' })
  expect([wrong.status, await textOf(wrong)]).toEqual([422, expect.stringContaining('nonsense cannot be mapped')])
  const saved = await manager.post('/admin/providers/acme/attributes', { attributes: 'title = profile.login' })
  expect(saved.status).toBe(303)
})

test('a new address wants the secret again; a new name does not', async () => {
  const { apiToken: _secret, ...rest } = connection()
  const moved = await manager.post('/admin/providers/acme/edit', { ...rest, orgUrl: 'https://other.example' })
  expect([moved.status, await textOf(moved)]).toEqual([422, expect.stringContaining('was for another address')])
  expect((await manager.post('/admin/providers/acme/edit', { ...rest, name: 'Acme Inc' })).status).toBe(303)
  expect(await run('acme')).toMatchObject({ error: null })
  expect(await textOf(manager.get('/admin/providers/acme'))).toContain('Acme Inc')
})

test('what the file manages is shown, adopted, and changed nowhere else', async () => {
  const text = await textOf(manager.get('/admin/providers/contoso'))
  expect(text).toContain('Managed by the configuration file')
  expect(text).not.toContain(tenants.entra.clientSecret)
  for (const page of ['edit', 'rules', 'attributes'])
    expect((await manager.get(`/admin/providers/contoso/${page}`)).status).toBe(409)
  expect((await manager.post('/admin/providers/contoso/rules', {})).status).toBe(409)
  expect((await manager.post('/admin/providers/contoso/adopt')).status).toBe(303)
  expect(await textOf(manager.get('/admin/providers/contoso'))).toContain('A copy is kept here.')
})

test('accounts are authorized with a link, where the provider takes any', async () => {
  const refused = await manager.post('/admin/providers/acme/authorize', { purposes: 'users' })
  expect([refused.status, await textOf(refused)]).toEqual([422, expect.stringContaining('takes no accounts')])
  const { clientSecret: _secret, ...settings } = tenants.entra
  const added = await manager.post('/admin/providers', {
    ...connection(),
    type: 'entra',
    id: 'second',
    name: 'Second',
    tenantId: settings.tenantId,
    clientId: settings.clientId,
    cloud: 'other',
    authorityHost: settings.authorityHost,
    graphUrl: `${settings.graphUrl}/v1.0`,
    scope: settings.scope,
    delegated: 'yes',
  })
  expect([added.status, await textOf(added)]).toEqual([303, expect.any(String)])
  const link = await manager.post('/admin/providers/second/authorize', { purposes: 'both' })
  expect(await textOf(link)).toMatch(/http:\/\/localhost:8080\/authorize\/[\w-]{20,}/)
  expect((await manager.post('/admin/providers/second/authorize', { purposes: 'all' })).status).toBe(422)
  expect((await manager.post('/admin/providers/second/forget', { authorization: 'none' })).status).toBe(422)
  expect((await manager.post('/admin/providers/second/move', { where: 'earlier' })).status).toBe(303)
})

test('removing says what happens first, needs a tick and a role, and takes the people away', async () => {
  const ada = await server.signedIn('ada')
  expect((await manager.get('/admin/providers/acme/remove')).status).toBe(403)
  const text = await textOf(ada.get('/admin/providers/acme/remove'))
  expect(text).toContain('What happens to its people first')
  expect(text).toContain('uid=worker1,ou=people,dc=example,dc=com')
  const unsure = await ada.post('/admin/providers/acme/remove')
  expect([unsure.status, await textOf(unsure)]).toEqual([
    422,
    expect.stringContaining('Tick the box to remove Acme Inc.'),
  ])
  expect(workers()).toBe(4)
  expect((await ada.post('/admin/providers/acme/remove', { sure: 'yes' })).status).toBe(303)
  expect(workers()).toBe(0)
  expect((await ada.get('/admin/providers/acme')).status).toBe(404)
})

test('everything that was done is in the record, and no secret', async () => {
  const actions = await server.administration.actions(100)
  expect(actions.map(({ by, event, subject }) => `${by}: ${event} ${subject}`).toReversed()).toEqual(
    expect.arrayContaining([
      'meg: provider added acme',
      'meg: first plan accepted acme',
      'meg: provider edited acme',
      'meg: authorization link made second',
      'ada: provider removed acme',
    ]),
  )
  expect(JSON.stringify([actions, server.logged])).not.toContain(tenants.okta.apiToken)
})
