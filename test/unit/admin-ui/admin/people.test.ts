import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../../../demo/simulated-tenants.ts'
import {
  type AdministeredServer,
  startAdministeredServer,
  type Visitor,
} from '../../../builders/administered-server.ts'
import { entraGroupId, entraUserId, fillSmallTenants, oktaUserId } from '../../../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../../../sync/sync-fixture.ts'

let tenants: SimulatedTenants
let server: AdministeredServer
let auditor: Visitor

beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  const people = tenants.entra.tenant.directory
  people.addUser({ id: entraUserId(6), userPrincipalName: 'gone@contoso.example', displayName: 'Gone Soon' })
  people.addUser({ id: entraUserId(7), userPrincipalName: 'blocked@contoso.example', displayName: '=Blocked' })
  people.addUser({ id: entraUserId(8), userPrincipalName: 'x_y#EXT#@contoso.example', userType: 'Guest' })
  people.addGroup({ id: entraGroupId(9), displayName: 'Security only', mail: null, mailEnabled: false })
  server = await startAdministeredServer({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
  await server.admin('eve', 'auditor')
  auditor = await server.signedIn('eve')
  await sync()
  people.removeUser(entraUserId(6))
  people.updateUser(entraUserId(7), { accountEnabled: false })
  people.addUser({ id: entraUserId(9), userPrincipalName: 'new@contoso.example', displayName: 'Newcomer' })
  await sync()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await tenants.close()
})

async function sync(): Promise<void> {
  const { engine, providers } = server.workspace
  for (const { id } of providers)
    expect(await engine.run(id, { trigger: 'test', full: true })).toMatchObject({ error: null })
}

function entryUUIDOf(uid: string): string {
  return server.directory.entryByDn(`uid=${uid},ou=people,dc=example,dc=com`)?.entryUUID ?? ''
}

/** Cells of the table, row by row, as text. */
async function rowsOf(visitor: Visitor, path: string): Promise<readonly string[]> {
  const answer = await visitor.get(path)
  expect(answer.status).toBe(200)
  const [, body = ''] = /<tbody>(.*)<\/tbody>/s.exec(await answer.text()) ?? []
  return body
    .split('</tr>')
    .map((row) =>
      row
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((row) => row !== '')
}

describe('the list of users', () => {
  test('shows everybody of every provider, also who is not served, with the reason', async () => {
    const rows = await rowsOf(auditor, '/admin/users')
    expect(rows).toHaveLength(14)
    expect(rows).toContain(
      'person1 Person 1 person1@contoso.example Active Never invited Contoso Microsoft Entra ID (Azure)',
    )
    expect(rows).toContain('new Newcomer Active Never invited Contoso Microsoft Entra ID (Azure)')
    expect(rows.find((row) => row.includes('Blocked'))).toMatch(/Inactive sign-in blocked in Entra ID/)
    expect(rows.find((row) => row.startsWith('gone'))).toMatch(/Deleted at no provider since/)
    expect(rows.find((row) => row.startsWith('x_y'))).toMatch(/Not synced guest user/)
  })

  test.each([
    ['status=inactive', ['blocked@contoso.example']],
    ['status=deleted', ['gone']],
    ['reason=guests', ['x_y#EXT#@contoso.example']],
    ['type=okta&search=WORKER2', ['worker2']],
    ['provider=contoso&search=person4', ['person4']],
    [`search=${oktaUserId(3)}`, ['worker3']],
    ['search=nobody', []],
  ])('%s shows %j', async (query, names) => {
    const rows = await rowsOf(auditor, `/admin/users?${query}`)
    expect(rows.map((row) => row.split(' ')[0])).toEqual(names)
  })

  test('knows who has a password, who is blocked, and forgets it when that changes', async () => {
    const { passwords, incidents } = server.workspace.accounts
    const by = { kind: 'admin', id: 'root' } as const
    await passwords.reset(entryUUIDOf('person2'), by)
    await incidents.block(entryUUIDOf('person3'), { reason: 'lost laptop' }, by)
    expect(await rowsOf(auditor, '/admin/users?signIn=password')).toMatchObject([expect.stringMatching(/^person2/)])
    expect(await rowsOf(auditor, '/admin/users?status=blocked')).toMatchObject([
      expect.stringMatching(/^person3 .* Blocked here lost laptop/),
    ])
    await incidents.unblock(entryUUIDOf('person3'), by)
    expect(await rowsOf(auditor, '/admin/users?status=blocked')).toEqual([])
  })

  test('an address that asks for what there is not is refused, and the field named', async () => {
    const answer = await auditor.get('/admin/users?status=sleepy')
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('status:')])
    expect((await auditor.get('/admin/users?page=0')).status).toBe(400)
  })

  test('an empty list says what to do', async () => {
    const html = await (await auditor.get('/admin/users?search=nobody')).text()
    expect(html).toContain('Nobody is like that.')
  })

  test('is downloaded as the filters show it, without formulas', async () => {
    const answer = await auditor.get('/admin/users.csv?status=inactive')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="users.csv"')
    const [header, line, end] = (await answer.text()).split('\n')
    expect(header).toBe('name,displayName,mail,status,reason,blocked,signIn,provider,sourceType,sources,entryUUID')
    expect(line).toMatch(/^blocked@contoso\.example,'=Blocked,,inactive,sign-in blocked in Entra ID,,none,Contoso,/)
    expect(end).toBe('')
  })

  test('is downloaded as LDIF: entries of who is served, and no password', async () => {
    const text = await (await auditor.get('/admin/users.ldif?search=person')).text()
    expect(text.match(/^dn: .*$/gm)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `dn: uid=person${n},ou=people,dc=example,dc=com`),
    )
    expect(text).toMatch(/^version: 1\n\n/)
    expect(text).not.toMatch(/userPassword|\$2[aby]\$/)
  })
})

describe('the list of groups', () => {
  test('shows the user count and how groups are nested', async () => {
    const rows = await rowsOf(auditor, '/admin/groups')
    expect(rows).toContain('Inner inner@contoso.example 3 Active Outer Contoso Microsoft Entra ID (Azure)')
    expect(rows).toContain('Outer outer@contoso.example 4 Active 1 Contoso Microsoft Entra ID (Azure)')
    expect(rows).toContain('Security only 0 Not synced no e-mail address Contoso Microsoft Entra ID (Azure)')
    expect(rows.find((row) => row.startsWith('directory-users'))).toMatch(/^directory-users 11 Active/)
  })

  test('is filtered, and downloaded as the filters show it', async () => {
    expect(await rowsOf(auditor, '/admin/groups?status=skipped')).toMatchObject([expect.stringMatching(/^Security/)])
    const csv = await (await auditor.get('/admin/groups.csv?search=outer')).text()
    expect(csv.split('\n')[1]).toMatch(/^Outer,Outer,outer@contoso\.example,4,active,,,1,Contoso,/)
    const ldif = await (await auditor.get('/admin/groups.ldif?search=outer')).text()
    expect(ldif.match(/^dn: .*$/gm)).toEqual(['dn: cn=Outer,ou=groups,dc=example,dc=com'])
  })
})
