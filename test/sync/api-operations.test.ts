import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { throttleKey, type ThrottleSubject } from '../../server/directory/authentication/throttle-records.ts'
import { type AdministeredServer, startAdministeredServer } from '../builders/administered-server.ts'
import { type ApiCaller, apiCaller } from '../builders/api-caller.ts'
import { entraGroupId, entraUserId, fillSmallTenants } from './small-tenants.ts'
import { entraSettings, startTrustedTenants } from './sync-fixture.ts'

const extraPeople = Array.from({ length: 30 }, (_, index) => entraUserId(100 + index))

/* What the operations of the API do, over a simulated tenant. Every answer is held against the published description. */

let tenants: SimulatedTenants
let server: AdministeredServer
let call: ApiCaller
beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  for (const [n, id] of extraPeople.entries())
    tenants.entra.tenant.directory.addUser({ id, userPrincipalName: `extra${n}@contoso.example` })
  server = await startAdministeredServer({ providers: [entraSettings(tenants)] })
  const owner = { name: 'terraform', role: 'owner', expiresAt: null } as const
  const token = await server.administrators.apiTokens.create(
    owner,
    { name: 'root', address: null },
    { role: 'owner', expiresAt: null },
  )
  call = await apiCaller(server.origin, () => token)
  await server.workspace.engine.run('contoso', { trigger: 'test' })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await tenants.close()
})

const itemsOf = ({ body }: Awaited<ReturnType<ApiCaller>>) =>
  body?.['items'] as readonly (Record<string, unknown> & { readonly id: string; readonly name: string })[]
/** Resolves when no run is under way. */
const quiet = () => server.workspace.engine.exclusively(async () => undefined)
const lastAction = async () => (await server.administration.actions(1))[0]

async function person(name: string): Promise<string> {
  const [found] = itemsOf(await call('GET', `/users?search=${name}`))
  return `/users/${found?.id ?? 'none'}`
}

describe('users and groups', () => {
  test('are listed as the pages list them: searched, filtered, in pages', async () => {
    expect((await call('GET', '/users?search=person&pageSize=2&page=2')).body).toMatchObject({
      total: 5,
      page: 2,
      pageSize: 2,
      items: [{ name: 'person3', status: 'active', readiness: 'none', block: null }, { name: 'person4' }],
    })
    expect(itemsOf(await call('GET', '/users?search=person5')).map(({ name }) => name)).toEqual(['person5'])
    expect(itemsOf(await call('GET', '/users?status=blocked'))).toEqual([])
    expect((await call('GET', '/users?status=other')).body).toMatchObject({ errors: [{ pointer: '/status' }] })
    expect((await call('GET', '/users?sortby=name')).status).toBe(400)
    expect(itemsOf(await call('GET', '/groups?search=inner'))).toMatchObject([
      { name: 'Inner', users: 3, status: 'active' },
    ])
  })

  test('one person is shown with entry, sources, groups and sign-in', async () => {
    expect((await call('GET', await person('person1'))).body).toMatchObject({
      name: 'person1',
      entry: { dn: expect.stringMatching(/^uid=person1,/) as string },
      sources: [{ provider: 'contoso', id: entraUserId(1), status: 'active', record: { displayName: 'Person 1' } }],
      groups: [{ name: 'Inner' }, { name: 'Outer' }],
      signIn: { directoryPassword: null, appPasswords: [] },
      history: { changes: [{ type: 'add', by: { kind: 'run' } }] },
    })
    expect((await call('GET', '/users/nobody')).status).toBe(404)
  })

  test('one group is shown with a page of its members, and not with all of them', async () => {
    const [group] = itemsOf(await call('GET', `/groups?search=${entraGroupId(1)}`))
    const { body } = await call('GET', `/groups/${group?.id}?pageSize=2`)
    expect(body).toMatchObject({
      name: 'Inner',
      parents: [{ name: 'Outer' }],
      members: { total: 3, items: [{ name: 'person1', isGroup: false }, { name: 'person2' }] },
    })
    expect(JSON.stringify(body?.['entry'])).not.toContain('uid=person')
    expect((await call('GET', '/groups/nobody')).status).toBe(404)
  })

  test('a person is blocked with a reason, and let in again', async () => {
    const path = await person('person2')
    expect((await call('PUT', `${path}/block`, { body: { reason: ' ' } })).status).toBe(422)
    expect(
      (await call('PUT', `${path}/block`, { body: { reason: 'left', until: '2020-01-01T00:00:00Z' } })).status,
    ).toBe(422)
    expect((await call('PUT', `${path}/block`, { body: { reason: 'lost laptop' } })).status).toBe(204)
    expect((await call('GET', path)).body).toMatchObject({
      block: 'lost laptop',
      signIn: { block: { reason: 'lost laptop', by: 'token:terraform', until: null } },
    })
    expect(itemsOf(await call('GET', '/users?status=blocked')).map(({ name }) => name)).toEqual(['person2'])
    expect((await call('DELETE', `${path}/block`)).status).toBe(204)
    expect((await call('DELETE', `${path}/block`)).status).toBe(422)
  })

  test('a password is reset, and what lets in is taken away, without a secret in any other answer', async () => {
    const path = await person('person3')
    const { id } = (await server.administration.people.roster.person(path.slice('/users/'.length))) ?? { id: '' }
    const { body } = await call('POST', `${path}/password`)
    const { password, added } = await server.workspace.accounts.appPasswords.add(
      id,
      { name: 'phone' },
      { kind: 'user', id, address: null },
    )
    const shown = await call('GET', path)
    expect(shown.body).toMatchObject({
      readiness: 'password',
      signIn: { directoryPassword: { mustChange: true }, appPasswords: [{ name: 'phone' }] },
    })
    for (const secret of [String(body?.['password']), password]) {
      expect(secret.length).toBeGreaterThan(8)
      expect(JSON.stringify(shown.body)).not.toContain(secret)
    }
    expect(JSON.stringify(shown.body)).not.toMatch(/"(hash|mac|secret)"/)
    expect((await call('DELETE', `${path}/app-passwords/${added.id}`)).status).toBe(204)
    expect((await call('DELETE', `${path}/app-passwords/${added.id}`)).status).toBe(422)
    expect((await call('DELETE', `${path}/second-factor`)).status).toBe(422)
    expect((await call('POST', `${path}/revoke`, { body: {} })).body).toMatchObject({
      revoked: { directoryPassword: true, appPasswords: 0 },
    })
    expect((await call('GET', path)).body).toMatchObject({ readiness: 'none' })
  })

  test('one person is read anew', async () => {
    const path = await person('person4')
    expect((await call('POST', `${path}/sync`)).body).toEqual({ result: 'Synced: nothing changed.' })
  })

  test('why somebody cannot sign in is explained', async () => {
    const { body } = await call('GET', '/explain?name=person1&address=192.0.2.7')
    expect(body).toMatchObject({ people: [{ name: 'person1' }] })
    expect(body?.['findings']).toContainEqual(expect.objectContaining({ step: 'provider', effect: 'stops' }))
    expect((await call('GET', '/explain?name=person1&address=here')).body).toMatchObject({
      errors: [{ pointer: '/address' }],
    })
  })
})

describe('sync', () => {
  test('its state is told, a run begins once, and its changes are listed in pages', async () => {
    expect((await call('GET', '/sync')).body).toMatchObject([
      { id: 'contoso', lastRun: { provider: 'contoso' }, pause: null, held: null, underWay: null },
    ])
    const runs = itemsOf(await call('GET', '/runs?outcome=applied'))
    const path = `/providers/${encodeURI(String(runs[0]?.id)).replace('/', '/runs/')}`
    expect((await call('GET', path)).body).toMatchObject({ provider: 'contoso', mode: 'full' })
    const { body } = await call('GET', `${path}/changes?pageSize=3&page=2`)
    expect(body).toMatchObject({ page: 2, total: runs[0]?.['changesInAll'] })
    expect(itemsOf(await call('GET', `${path}/changes?pageSize=3&page=2`))).toHaveLength(3)
    expect((await call('GET', '/providers/contoso/runs/never')).status).toBe(404)
    expect((await call('POST', '/providers/contoso/runs', { body: { full: true } })).body).toEqual({ isNew: true })
    await quiet()
    expect(itemsOf(await call('GET', '/runs?trigger=asked')).length).toBeGreaterThan(0)
    expect((await call('POST', '/providers/none/runs')).status).toBe(404)
  })

  test('held changes are applied by exactly their hash, and what a run did is taken back', async () => {
    const held = '/providers/contoso/held'
    expect((await call('GET', held)).status).toBe(404)
    for (const id of extraPeople) tenants.entra.tenant.directory.removeUser(id)
    await server.workspace.engine.run('contoso', { trigger: 'test', full: true })
    const { body } = await call('GET', `${held}?pageSize=2`)
    expect(body).toMatchObject({ count: extraPeople.length, discarded: false, changes: { total: extraPeople.length } })
    expect(body?.['changes']).toHaveProperty('items.length', 2)
    for (const decision of ['approve', 'discard'])
      expect((await call('POST', `${held}/${decision}`, { body: { hash: 'of others' } })).status).toBe(409)
    expect((await call('POST', `${held}/discard`, { body: { hash: body?.['hash'] } })).status).toBe(204)
    expect((await call('GET', '/sync')).body).toMatchObject([{ held: { discarded: true } }])
    const approved = await call('POST', `${held}/approve`, { body: { hash: body?.['hash'] } })
    expect(approved.body).toMatchObject({ outcome: 'applied', counts: { user: { removed: extraPeople.length } } })
    const undone = await call('POST', `/providers/${String(approved.body?.['id']).replace('/', '/runs/')}/undo`)
    expect(undone.body).toMatchObject({ changed: extraPeople.length, skipped: [] })
    expect((await call('GET', '/sync')).body).toMatchObject([{ pause: { kind: 'undo' } }])
    expect((await call('POST', '/providers/contoso/resume')).status).toBe(200)
  })

  test('a provider is paused with a reason, and resumed', async () => {
    expect((await call('POST', '/providers/contoso/pause', { body: { reason: '' } })).status).toBe(422)
    expect((await call('POST', '/providers/contoso/pause', { body: { reason: 'a move' } })).status).toBe(204)
    expect((await call('GET', '/sync')).body).toMatchObject([{ pause: { by: 'token:terraform', reason: 'a move' } }])
    expect((await call('POST', '/providers/contoso/resume')).body).toMatchObject({ provider: 'contoso' })
    expect((await call('POST', '/providers/contoso/resume')).status).toBe(422)
  })

  test('nobody waits for an invitation that was not asked for', async () => {
    expect((await call('GET', '/enrollments')).body).toMatchObject({ items: [], total: 0 })
    expect((await call('POST', '/enrollments/send', { body: { count: 3 } })).status).toBe(422)
    expect((await call('POST', '/enrollments/nobody/resend')).status).toBe(422)
  })
})

describe('binders', () => {
  test('one is added, shown without its secret, edited, given another secret, and removed', async () => {
    const added = await call('POST', '/binders', { body: { name: 'web-hosts', attributes: ['uid', 'cn'] } })
    const secret = String(added.body?.['secret'])
    expect(secret.length).toBeGreaterThan(20)
    const shown = await call('GET', '/binders/WEB-hosts')
    expect(shown.body).toMatchObject({
      name: 'web-hosts',
      scope: 'tree',
      attributes: ['uid', 'cn'],
      secrets: [{ endsAt: null, uses: [] }],
    })
    const listed = await call('GET', '/binders')
    expect(JSON.stringify([shown.body, listed.body])).not.toContain(secret)
    expect(JSON.stringify([shown.body, listed.body])).not.toContain('sha256')
    const wrong = await call('PUT', '/binders/web-hosts', { body: { networks: ['here'] } })
    expect(wrong.body).toMatchObject({ status: 422, errors: [{ pointer: '/networks/0' }] })
    const edited = await call('PUT', '/binders/web-hosts', {
      body: { scope: { subtrees: ['ou=people,dc=example,dc=com'] } },
    })
    expect(edited.body).toMatchObject({ scope: { subtrees: ['ou=people,dc=example,dc=com'] }, attributes: '*' })
    const renewed = await call('POST', '/binders/web-hosts/secret', { body: { overlapDays: 7 } })
    expect(renewed.body?.['secret']).not.toBe(secret)
    expect((await call('GET', '/binders/web-hosts')).body?.['secrets']).toHaveLength(2)
    expect((await call('GET', '/binders/web-hosts/clients?server=ldap://nowhere.example')).status).toBe(422)
    expect((await call('DELETE', '/binders/web-hosts')).status).toBe(204)
    expect((await call('GET', '/binders/web-hosts')).status).toBe(404)
  })
})

describe('logs and administrators', () => {
  test('operations of LDAP are listed from the latest on', async () => {
    for (const n of [1, 2, 3]) {
      const line = { event: 'operation', time: server.clock.now().toISOString(), operation: 'bind', durationMs: 2.5 }
      const whose = { dn: `uid=person${n}`, remoteAddress: '192.0.2.7', result: 'invalidCredentials' }
      server.operationLog.take(Buffer.from(`${JSON.stringify({ ...line, ...whose })}\n`))
    }
    const { body } = await call('GET', '/logs/ldap?result=failure&pageSize=2')
    expect(body).toMatchObject({ items: [{ name: 'uid=person3' }, { name: 'uid=person2' }] })
    const older = await call('GET', `/logs/ldap?before=${String(body?.['before'])}`)
    expect(older.body).toMatchObject({ items: [{ name: 'uid=person1' }], before: null })
  })

  test('an administrator is created with a link, gets another role, and is removed; all of it is in the record', async () => {
    const made = await call('POST', '/admins', { body: { name: 'Grace', role: 'auditor' } })
    expect(made.body).toMatchObject({ url: expect.stringMatching(/\/admin\/setup\/.{20}/) as string })
    expect((await call('POST', '/admins', { body: { name: 'Grace', role: 'auditor' } })).status).toBe(422)
    expect((await call('PUT', '/admins/grace/role', { body: { role: 'user-manager' } })).status).toBe(204)
    expect((await call('GET', '/admins/grace')).body).toMatchObject({ role: 'user-manager', canSignIn: false })
    expect((await call('POST', '/admins/grace/reset')).status).toBe(200)
    expect((await call('POST', '/admins/grace/sign-out')).status).toBe(204)
    expect((await call('DELETE', '/admins/grace/second-factor')).status).toBe(422)
    expect((await call('DELETE', '/admins/grace')).status).toBe(204)
    expect(await lastAction()).toMatchObject({
      by: 'token:terraform',
      event: 'administrator removed',
      subject: 'Grace',
    })
    const { body } = await call('GET', '/logs/actions?limit=2')
    expect(body).toMatchObject([{ event: 'administrator removed' }, { event: 'signed out everywhere' }])
    expect((await call('GET', '/admins')).body).toEqual([])
  })
})

describe('the server', () => {
  test('tells what it serves, and what it is set to, without secrets', async () => {
    expect((await call('GET', '/status')).body).toMatchObject({ isReady: true, groups: 4, certificate: null })
    for (const path of ['/status/figures', '/status/binds']) expect((await call('GET', path)).body).toEqual([])
    const { body } = await call('GET', '/settings')
    expect(body).toContainEqual(expect.objectContaining({ path: 'organization', value: '"Lighthouse"' }))
    expect(JSON.stringify(body)).not.toContain(tenants.entra.clientSecret)
    expect((await call('GET', '/settings/master-key')).body).toMatchObject({ key: { isOwn: false }, problem: null })
    expect((await call('POST', '/settings/master-key/rotate')).body).toMatchObject({
      detail: expect.stringContaining('put a new one before it') as string,
    })
    expect(await lastAction()).toMatchObject({ event: 'master key replaced: failed' })
    expect((await call('POST', '/settings/test-mail', { body: { to: 'ops@example.com' } })).status).toBe(422)
  })

  test('failed binds are listed, and forgotten by name or address', async () => {
    const failed = (subject: ThrottleSubject) => {
      const value = { count: 11, lastAt: '2026-01-01T00:00:00.000Z', blockedUntil: null }
      return { collection: 'throttle', key: throttleKey.format(subject), value } as const
    }
    const account = { kind: 'person', id: (await person('person1')).slice('/users/'.length) } as const
    const network = '192.0.2.7'
    await server.directory.commit({
      cause: { kind: 'server', id: 'test' },
      entries: [],
      records: [failed({ kind: 'pair', account, network }), failed({ kind: 'address', network })],
    })
    expect((await call('GET', '/throttle')).body).toMatchObject([{ network, count: 11 }, { network }])
    expect((await call('POST', '/throttle/clear', { body: { of: 'nobody at all' } })).body).toMatchObject({
      status: 422,
      detail: expect.stringContaining('nobody is called') as string,
    })
    expect((await call('POST', '/throttle/clear', { body: { of: 'person1' } })).body).toEqual({ cleared: 1 })
    expect((await call('GET', '/throttle')).body).toMatchObject([{ account: null, network }])
    expect((await call('POST', '/throttle/clear', { body: { of: network } })).body).toEqual({ cleared: 1 })
    expect(await lastAction()).toMatchObject({ event: 'failed binds forgotten', subject: network })
    expect((await call('POST', '/throttle/clear', { body: { of: null } })).body).toEqual({ cleared: 0 })
  })
})
