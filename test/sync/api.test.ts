import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { operations } from '../../admin-ui/api/operations.ts'
import { may } from '../../admin-ui/admin/permissions.ts'
import { type Role, roles } from '../../server/directory/administrators/admin-records.ts'
import { type AdministeredServer, startAdministeredServer } from '../builders/administered-server.ts'
import { type ApiCaller, apiCaller, type OpenApiDocument } from '../builders/api-caller.ts'
import { fillSmallTenants } from './small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from './sync-fixture.ts'

/* The API over the simulated tenants. */

let tenants: SimulatedTenants
let server: AdministeredServer
let call: ApiCaller
const tokens = new Map<Role, string>()
beforeAll(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  server = await startAdministeredServer({ providers: [entraSettings(tenants)] })
  for (const role of roles) tokens.set(role, await newToken(role, { role }))
  call = await apiCaller(server.origin, () => tokens.get('owner'))
  await server.workspace.engine.run('contoso', { trigger: 'test' })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await tenants.close()
})

const root = { name: 'root', address: null }
interface TokenOptions {
  readonly role?: Role
  readonly expiresAt?: Date | null
}
const newToken = (name: string, { role = 'owner', expiresAt = null }: TokenOptions = {}) =>
  server.administrators.apiTokens.create({ name, role, expiresAt }, root, { role: 'owner', expiresAt: null })

describe('who may use it', () => {
  test('every operation refuses who has no token, and tokens whose role may not', async () => {
    for (const { method, path, permission } of operations(server.administration)) {
      const address = path.replaceAll(/\{\w+\}/g, 'nobody')
      server.clock.advance(10_000) // calls without a good token are limited
      const without = await call(method, address, { token: '' })
      expect([method, path, without.status]).toEqual([method, path, 401])
      expect(without.type).toMatch(/^application\/problem\+json/)
      for (const role of roles) {
        const { status } = await call(method, address, {
          token: tokens.get(role) ?? '',
          body: method === 'GET' ? undefined : {},
        })
        expect([method, path, role, status === 403]).toEqual([method, path, role, !may(role, permission)])
        expect([path, status < 500]).toEqual([path, true])
      }
    }
  })

  test('a token ends when it is revoked, and when its time is over', async () => {
    const token = await newToken('short', { expiresAt: new Date(server.clock.now().getTime() + 60_000) })
    expect((await call('GET', '/tokens', { token })).status).toBe(200)
    server.clock.advance(60_000)
    const late = await call('GET', '/tokens', { token })
    expect([late.status, late.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="Rosterd"'])
    const other = await newToken('other')
    const { id } = (await server.administrators.apiTokens.list()).find(({ name }) => name === 'other') ?? { id: '' }
    expect((await call('DELETE', `/tokens/${id}`)).status).toBe(204)
    expect((await call('GET', '/tokens', { token: other })).status).toBe(401)
    expect((await call('DELETE', `/tokens/${id}`)).status).toBe(422)
  })

  test.each(['nonsense', 'rosterd_aaaaaaaaaa_', 'rosterd__', 'rosterd_../../x_y'])('%s is no token', async (token) => {
    expect((await call('GET', '/tokens', { token })).status).toBe(401)
  })

  test('nobody makes a token that may do more than its maker', async () => {
    const token = tokens.get('administrator') ?? ''
    const refused = await call('POST', '/tokens', { token, body: { name: 'more', role: 'owner' } })
    expect([refused.status, refused.body?.['detail']]).toEqual([
      422,
      expect.stringContaining('no more than who makes it'),
    ])
    const made = await call('POST', '/tokens', { token, body: { name: 'less', role: 'auditor' } })
    expect(made.body).toEqual({ token: expect.stringMatching(/^rosterd_[a-z2-7]{10}_[\w-]{32}$/) as string })
    expect(JSON.stringify(await server.administration.actions(5))).not.toContain(String(made.body?.['token']).slice(20))
  })

  test('no token outlives the one that makes it', async () => {
    const ends = new Date(server.clock.now().getTime() + 3_600_000)
    const token = await newToken('brief', { expiresAt: ends })
    const forEver = await call('POST', '/tokens', { token, body: { name: 'child', role: 'auditor' } })
    expect([forEver.status, forEver.body?.['detail']]).toEqual([422, expect.stringContaining('may not outlive')])
    const body = { name: 'child', role: 'auditor', expiresAt: ends.toISOString() }
    expect((await call('POST', '/tokens', { token, body })).status).toBe(200)
  })

  test('what a token does is in the record, by its name', async () => {
    await call('POST', '/tokens', { body: { name: 'recorded', role: 'auditor' } })
    const [action] = await server.administration.actions(1)
    expect(action).toMatchObject({
      by: 'token:owner',
      address: '127.0.0.1',
      event: 'API token created',
      subject: 'recorded',
    })
  })
})

describe('how often it may be called', () => {
  test('a token that calls without end is told when to call again, and others are not held up', async () => {
    const token = await newToken('busy', { role: 'auditor' })
    const statuses = new Set<number>()
    let refused = await call('GET', '/tokens', { token })
    for (let n = 0; n < 1000; n += 1) {
      refused = await call('GET', '/tokens', { token })
      statuses.add(refused.status)
    }
    expect([[...statuses], refused.headers.get('retry-after')]).toEqual([[200, 429], '1'])
    expect(refused.body).toMatchObject({
      title: 'Too Many Requests',
      detail: expect.stringContaining('1 second.') as string,
    })
    expect((await call('GET', '/tokens')).status).toBe(200)
    server.clock.advance(1000)
    expect((await call('GET', '/tokens', { token })).status).toBe(200)
  })

  test('an address that brings bad tokens has to wait, and a good one from there is taken all the same', async () => {
    server.clock.advance(3_600_000)
    const statuses: number[] = []
    for (let n = 0; n <= 30; n += 1) statuses.push((await call('GET', '/tokens', { token: `guess${n}` })).status)
    expect(statuses).toEqual([...Array<number>(30).fill(401), 429])
    expect((await call('GET', '/tokens')).status).toBe(200)
    server.clock.advance(2000)
    expect((await call('GET', '/tokens', { token: 'guess' })).status).toBe(401)
  })
})

describe('what it answers', () => {
  test('problems say what is wrong, field by field', async () => {
    const wrong = await call('POST', '/tokens', { body: { name: 1, role: 'boss' } })
    expect(wrong.type).toMatch(/^application\/problem\+json/)
    expect(wrong.body).toMatchObject({
      type: 'about:blank',
      title: 'Unprocessable Entity',
      status: 422,
      errors: [{ pointer: '/name' }, { pointer: '/role' }],
    })
    expect((await call('POST', '/tokens', { body: '{' })).status).toBe(400)
    expect((await call('GET', '/providers/none')).status).toBe(404)
    expect((await call('GET', '/providers/contoso/groups?page=0')).status).toBe(400)
    expect((await call('PUT', '/tokens')).status).toBe(405)
  })

  test('a call that is repeated with its Idempotency-Key does nothing the second time', async () => {
    const headers = { 'idempotency-key': 'once' }
    const body = { name: 'repeated', role: 'auditor' }
    const first = await call('POST', '/tokens', { body, headers })
    expect(first.status).toBe(200)
    expect((await call('POST', '/tokens', { body, headers })).body).toEqual(first.body)
    expect((await call('POST', '/tokens', { body: { ...body, name: 'else' }, headers })).status).toBe(422)
    const names = (await server.administrators.apiTokens.list()).map(({ name }) => name)
    expect(names.filter((name) => name === 'repeated' || name === 'else')).toEqual(['repeated'])
    const others = await call('POST', '/tokens', { body, headers, token: tokens.get('administrator') })
    expect(others.status).toBe(422)
  })

  test('no secret of a provider is shown, neither of the file nor of the store', async () => {
    const { id: _id, ...settings } = oktaSettings(tenants) as { id: string }
    const added = await call('POST', '/providers', { body: { ...settings, id: 'acme' } })
    expect([added.status, added.body]).toMatchObject([
      200,
      { id: 'acme', apiToken: { sealed: expect.any(String) as string } },
    ])
    const listed = await call('GET', '/providers')
    for (const secret of [tenants.okta.apiToken, tenants.entra.clientSecret])
      expect(JSON.stringify([added.body, listed.body])).not.toContain(secret)
  })

  test('a provider goes its whole way: previewed, accepted, edited, removed', async () => {
    await server.workspace.engine.run('acme', { trigger: 'test' })
    expect((await call('POST', '/providers/acme/accept')).status).toBe(204)
    const { settings } = (await call('GET', '/providers/acme')).body as { settings: Record<string, unknown> }
    const edited = { ...settings, filters: { denyUsersInGroups: ['Board'] } }
    const preview = await call('POST', '/previews/provider?about=worker5@acme.example', { body: edited })
    expect(preview.body).toMatchObject({
      about: { status: 'inactive', reason: 'member of the excluded group "Board"' },
    })
    expect((await call('PUT', '/providers/acme', { body: edited })).status).toBe(200)
    const moved = await call('PUT', '/providers/acme', { body: { ...edited, orgUrl: 'https://other.example' } })
    expect(moved.body).toMatchObject({ status: 422, errors: [{ pointer: '/apiToken' }] })
    expect((await call('GET', '/providers/acme/removal')).body).toMatchObject({ held: [{ provider: 'acme' }] })
    expect((await call('DELETE', '/providers/acme')).status).toBe(204)
    expect((await call('GET', '/providers/acme')).status).toBe(404)
  })
})

describe('its description', () => {
  const published = async () => (await (await fetch(`${server.origin}/api/v1/openapi.json`)).json()) as OpenApiDocument

  test('is served without a token, and has every operation with its roles', async () => {
    const { openapi, servers, paths } = await published()
    expect([openapi, servers]).toEqual(['3.1.0', [{ url: 'http://localhost:8080/api/v1' }]])
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [method.toUpperCase(), path, operationId]),
    )
    const all = operations(server.administration)
    const byId = (rows: readonly (readonly unknown[])[]) => rows.map((row) => row.join(' ')).sort()
    expect(byId(described)).toEqual(byId(all.map(({ method, path, id }) => [method, path, id])))
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const methods of Object.values(paths))
      for (const { description } of Object.values(methods)) expect(description).toMatch(/^Roles: Owner/)
  })

  test('declares the parameters of every path, each once, and as required', async () => {
    for (const [path, methods] of Object.entries((await published()).paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const { parameters } of Object.values(methods)) {
        const declared = parameters.filter((one) => one.in === 'path')
        expect([path, declared.map(({ name }) => name).sort()]).toEqual([path, inPath.sort()])
        expect(declared.every(({ required }) => required)).toBe(true)
        const names = parameters.map((one) => `${one.in} ${one.name}`)
        expect(new Set(names).size).toBe(names.length)
      }
    }
  })

  test('no two paths are the same but for the names of their parameters', async () => {
    const templates = Object.keys((await published()).paths).map((path) => path.replaceAll(/\{\w+\}/g, '{}'))
    expect(new Set(templates).size).toBe(templates.length)
  })

  test('refers to schemas that it has, and has none that nothing refers to', async () => {
    const document = await published()
    const referred = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to)
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    expect([...new Set(referred)].sort()).toEqual(known.sort())
    for (const name of Object.keys(document.components.schemas)) expect(name).toMatch(/^[\w.-]+$/)
  })
})
