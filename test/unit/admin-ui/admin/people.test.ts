import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../../../demo/simulated-tenants.ts'
import type { Json } from '../../../../server/directory/directory-store.ts'
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
    const [header, line, end] = (await answer.text()).split('\r\n')
    expect(header).toBe('name,displayName,mail,status,reason,blocked,signIn,provider,sourceType,sources,entryUUID')
    expect(line).toMatch(/^blocked@contoso\.example,'=Blocked,,inactive,sign-in blocked in Entra ID,,none,Contoso,/)
    expect(end).toBe('')
  })

  test('is downloaded as an access review, which is recorded; formulas and unknown groups are not let through', async () => {
    const review = async (query = '') => {
      const answer = await auditor.get(`/admin/access-review.csv${query}`)
      const [header = '', ...lines] = (await answer.text()).trimEnd().split('\r\n')
      return { status: answer.status, type: answer.headers.get('content-type'), header, lines }
    }
    const all = await review()
    expect(all).toMatchObject({ status: 200, type: 'text/csv; charset=utf-8' })
    expect(all.header).toMatch(/^username,name,mail,status,reason,groups,directoryPassword,/)
    expect(all.lines).toContainEqual(
      expect.stringMatching(/^blocked@contoso\.example,'=Blocked,,inactive,sign-in blocked/),
    )
    const inner = await review('?group=INNER')
    expect(inner.lines).toHaveLength(3)
    for (const line of inner.lines) expect(line).toMatch(/,active,,"?Inner; Outer/)
    const today = await review(`?at=${server.clock.now().toISOString().slice(0, 10)}&group=Inner`)
    expect(today.lines).toHaveLength(3)
    expect(today.lines[0]).toMatch(/,,,,,,/)
    expect((await review('?group=nothing')).status).toBe(422)
    expect((await review('?at=1999-01-01')).status).toBe(422)
    expect((await review('?at=yesterday')).status).toBe(400)
    const actions = await server.administration.actions(10)
    expect(actions).toContainEqual(expect.objectContaining({ event: 'access review made', subject: 'INNER' }))
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

describe('the page of a person', () => {
  let manager: Visitor
  const person = (name: string) => `/admin/users/${entryUUIDOf(name)}`
  const text = async (answer: Response) =>
    (await answer.text())
      .replace(/<[^>]*>/g, ' ')
      .replaceAll('&#x3D;', '=')
      .replace(/\s+/g, ' ')
  const problem = async (answer: Response) => / role="alert"[^>]*>([^<]*)</.exec(await answer.text())?.[1]
  /** What is said on the page to which a form leads. */
  async function notice(visitor: Visitor, path: string, fields: Readonly<Record<string, string>> = {}) {
    const answer = await visitor.post(path, fields)
    expect([path, answer.status]).toEqual([path, 303])
    const page = await (await visitor.get(answer.headers.get('location') ?? '')).text()
    return / role="status">([^<]*)</.exec(page)?.[1]
  }
  const actions = async () => (await server.administration.actions(20)).map(({ event }) => event)

  beforeAll(async () => {
    await server.admin('max', 'user-manager')
    manager = await server.signedIn('max')
  })

  test('shows the entry, groups, source records, and where the person is deactivated', async () => {
    const page = await text(await auditor.get(person('person1')))
    expect(page).toContain('uid=person1,ou=people,dc=example,dc=com')
    expect(page).toContain('memberOf cn=Inner,ou=groups,dc=example,dc=com cn=Outer,ou=groups,dc=example,dc=com')
    expect(page).toContain(`Immutable id ${entraUserId(1)} , changed in the Entra admin center`)
    expect(page).toMatch(/Synced users cannot be deactivated here\. Deactivate them in the Entra admin center/)
    expect(page).toMatch(/Added .* uid=person1,ou=people/)
  })

  test('shows who is not served by the id at the provider, and why', async () => {
    const page = await text(await auditor.get(`/admin/users/${encodeURIComponent(`contoso:${entraUserId(8)}`)}`))
    expect(page).toContain('Reason guest user (Guest user)')
    const gone = await server.administration.people.roster.people({ search: 'gone' })
    const [{ id } = { id: '' }] = gone.rows()
    expect(await text(await auditor.get(`/admin/users/${id}`))).toMatch(/Reason at no provider since/)
  })

  test('never shows a hash or a secret', async () => {
    const { accounts } = server.workspace
    const by = { kind: 'admin', id: 'root' } as const
    const { password } = await accounts.appPasswords.add(entryUUIDOf('person4'), { name: 'phone' }, by)
    const { secret } = await accounts.secondFactors.begin(entryUUIDOf('person4'), by)
    await accounts.passwords.reset(entryUUIDOf('person4'), by)
    const page = await (await auditor.get(person('person4'))).text()
    expect(page).toContain('phone')
    for (const hidden of [password, secret, '$2b$', 'hash']) expect(page).not.toContain(hidden)
  })

  test('who may look only gets no form', async () => {
    const page = await (await auditor.get(person('person1'))).text()
    expect(page).not.toMatch(/<form method="post" action="\/admin\/users/)
  })

  test.each(['no-such-id', '00000000-0000-4000-8000-000000000000', 'contoso:nobody', '%00'])(
    'there is nobody of the id %s',
    async (id) => {
      expect((await auditor.get(`/admin/users/${id}`)).status).toBe(404)
      expect((await manager.post(`/admin/users/${id}/unblock`)).status).toBe(404)
    },
  )

  test('other methods are refused', async () => {
    expect((await manager.post(person('person1'))).status).toBe(405)
    expect((await manager.get(`${person('person1')}/block`)).status).toBe(405)
  })

  test('a block needs a reason, and a time to come; what was typed is kept', async () => {
    const none = await manager.post(`${person('person2')}/block`, { reason: ' ', until: '' })
    expect([none.status, await problem(none)]).toEqual([422, 'A block needs a reason, for those who will find it.'])
    const past = await manager.post(`${person('person2')}/block`, { reason: 'lost', until: '2001-01-01T00:00' })
    const page = await past.text()
    expect([past.status, page]).toEqual([422, expect.stringContaining('The block would have ended 2001-01-01')])
    expect(page).toContain('value="2001-01-01T00:00"')
    const odd = await manager.post(`${person('person2')}/block`, { reason: 'lost', until: 'soon' })
    expect([odd.status, await problem(odd)]).toEqual([422, 'Give day and time, such as 2026-12-31T18:00.'])
  })

  test('sign-in is blocked and unblocked, and both are recorded', async () => {
    const blocked = await notice(manager, `${person('person2')}/block`, { reason: 'lost laptop', until: '' })
    expect(blocked).toBe('Sign-in is blocked. Open connections end.')
    expect(await text(await auditor.get(person('person2')))).toMatch(
      /Blocked here Reason lost laptop Blocked by max since /,
    )
    expect(await notice(manager, `${person('person2')}/unblock`)).toBe('The block is lifted.')
    expect(await notice(manager, `${person('person2')}/unblock`)).toBe('There was no block.')
    const [lifted, block] = await server.administration.actions(2)
    const subject = 'uid=person2,ou=people,dc=example,dc=com'
    const after = { reason: 'lost laptop', until: null }
    expect(block).toMatchObject({
      event: 'sign-in blocked',
      by: 'max',
      address: '127.0.0.1',
      subject,
      before: null,
      after,
    })
    expect(lifted).toMatchObject({ event: 'sign-in block lifted', before: after })
  })

  test('a one-time password is shown once, and recorded without it', async () => {
    const page = await (await manager.post(`${person('person3')}/password`)).text()
    const [, password = ''] = /<code class="secret">([^<]+)</.exec(page) ?? []
    expect(password).toMatch(/^\w{5}(-\w{5}){3}$/)
    expect(await (await manager.get(person('person3'))).text()).not.toContain(password)
    expect(JSON.stringify([await server.administration.actions(50), server.logged])).not.toContain(password)
    expect((await actions())[0]).toBe('password set')
  })

  test('revoking asks whether one is sure, and says what ended', async () => {
    const unsure = await manager.post(`${person('person3')}/revoke`)
    expect([unsure.status, await problem(unsure)]).toEqual([422, 'Tick that you are sure.'])
    const revoked = await notice(manager, `${person('person3')}/revoke`, { sure: 'yes' })
    expect(revoked).toMatch(/^Revoked: the directory password\. What the provider itself accepts/)
    expect(await notice(manager, `${person('person3')}/revoke`, { sure: 'yes' })).toMatch(
      /^There was nothing to revoke/,
    )
  })

  test('an app password and the second factor are taken away', async () => {
    const [{ id } = { id: '' }] = await server.workspace.accounts.appPasswords.list(entryUUIDOf('person4'))
    const path = `${person('person4')}/app-passwords/revoke`
    expect(await notice(manager, path, { id: id.replace('app:', '') })).toBe('The app password is revoked.')
    const again = await manager.post(path, { id: id.replace('app:', '') })
    expect([again.status, await problem(again)]).toEqual([422, 'There is no such app password, or not any more.'])
    expect(await notice(manager, `${person('person4')}/second-factor/remove`)).toBe('The second factor is removed.')
  })

  test('is synced alone', async () => {
    tenants.entra.tenant.directory.updateUser(entraUserId(5), { jobTitle: 'Captain' })
    expect(await notice(manager, `${person('person5')}/sync`)).toBe('Synced: one change.')
    expect(await text(await auditor.get(person('person5')))).toMatch(/Changed .* title Captain/)
    expect((await actions())[0]).toBe('person synced')
  })

  test('who is not enrolled by mail gets no link', async () => {
    const answer = await manager.post(`${person('person5')}/invitation`)
    expect(answer.status).toBe(422)
  })
})

describe('the page of a group', () => {
  const groupOf = (name: string) =>
    `/admin/groups/${server.directory.entryByDn(`cn=${name},ou=groups,dc=example,dc=com`)?.entryUUID ?? ''}`

  test('shows members, and the groups above and below it', async () => {
    const outer = await (await auditor.get(groupOf('Outer'))).text()
    const links = [...outer.matchAll(/<a href="(\/admin\/(?:users|groups)\/[^"]+)">([^<]+)</g)].map(
      ([, , name]) => name,
    )
    expect(links).toEqual(['Inner', 'person1', 'person2', 'person3', 'person4'])
    expect(await (await auditor.get(groupOf('Inner'))).text()).toContain(`<a href="${groupOf('Outer')}">Outer</a>`)
  })

  test('shows what is not served, with the reason', async () => {
    const id = encodeURIComponent(`contoso:${entraGroupId(9)}`)
    const page = await (await auditor.get(`/admin/groups/${id}`)).text()
    expect(page).toContain('no e-mail address')
    expect((await auditor.get('/admin/groups/none')).status).toBe(404)
    expect((await auditor.get(`${groupOf('Outer')}?page=x`)).status).toBe(400)
  })
})

describe('why somebody cannot sign in', () => {
  const asked = async (query: Readonly<Record<string, string>>) => {
    const answer = await auditor.get(`/admin/explain?${new URLSearchParams(query).toString()}`)
    return { status: answer.status, page: await answer.text() }
  }

  test('asks for a name first', async () => {
    expect((await asked({})).page).toContain('Everything that a bind goes through is looked at')
  })

  test('says what stops a person, step by step, with a link to where it is mended', async () => {
    const { page } = await asked({ name: 'person1', address: '192.0.2.7' })
    expect(page).toContain('person1 cannot sign in')
    expect(page).toMatch(
      /Stops it\s*<\/span>\s*<\/span><div><h3>Provider<\/h3><p>No password is set, and no provider is asked/,
    )
    expect(page).toContain(`<a href="/admin/users/${entryUUIDOf('person1')}">person1</a>`)
  })

  test('says why somebody is not served, and that a name is unknown', async () => {
    expect((await asked({ name: 'blocked@contoso.example' })).page).toMatch(/is not served: inactive: sign-in blocked/)
    const { page } = await asked({ name: 'nobody at all' })
    expect(page).toContain('Nobody is called &quot;nobody at all&quot; here or at any provider.')
    expect(page).toContain('href="/admin/users?search&#x3D;nobody+at+all"')
  })

  test('an address that is none is refused beside its field, and kept', async () => {
    const { status, page } = await asked({ name: 'person1', address: 'office' })
    expect([status, page]).toEqual([422, expect.stringContaining('Give an IP address')])
    expect(page).toContain('value="office"')
  })
})

describe('changes that were forgotten', () => {
  test('are told of on the page of a person, and on that of a run whose report has not all of them', async () => {
    const { store } = server.directory
    const [run] = await server.workspace.runHistory.list()
    const report = await server.workspace.runHistory.report(run?.id ?? '')
    const [provider = '', started = ''] = (run?.id ?? '').split('/')
    const value = { ...report, changes: [], changesInAll: 3 } as unknown as Json // a report is JSON
    const records = [{ collection: 'run', key: [provider, started], value } as const]
    await server.directory.commit({ cause: { kind: 'server', id: 'test' }, entries: [], records })
    const person = `/admin/users/${entryUUIDOf('person1')}`
    expect(await (await auditor.get(person)).text()).not.toContain('were forgotten')
    await store.forgetChanges('2100-01-01T00:00:00.000Z')
    expect(await (await auditor.get(person)).text()).toMatch(/Changes before 2\S+ \S+ UTC were forgotten/)
    const page = await auditor.get(`/admin/sync/runs/${provider}/${encodeURIComponent(started)}`)
    expect(await page.text()).toContain('3 changes of 3 were forgotten (retention.changeLogDays).')
  })
})
