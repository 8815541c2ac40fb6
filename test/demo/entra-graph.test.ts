import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleGroupId } from '../../demo/entra/sample-groups.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { entraToken, type GraphGet, graphGetter, startTrustedTenants } from './trusted-tenants.ts'

let tenants: SimulatedTenants
let get: GraphGet

const eventual = { ConsistencyLevel: 'eventual' }

beforeAll(async () => {
  tenants = await startTrustedTenants()
  get = await graphGetter(tenants)
})

afterAll(() => tenants.close())

describe('listings', () => {
  test('give 100 users with the default properties and a nextLink', async () => {
    const { body, headers } = await get('/users')
    expect(body.value).toHaveLength(100)
    expect(Object.keys(body.value[0] ?? {}).sort()).toEqual([
      'businessPhones',
      'displayName',
      'givenName',
      'id',
      'jobTitle',
      'mail',
      'mobilePhone',
      'officeLocation',
      'preferredLanguage',
      'surname',
      'userPrincipalName',
    ])
    expect(body['@odata.nextLink']).toContain('$skiptoken=')
    expect(headers.get('x-ms-resource-unit')).toBe('2')
  })

  test('keep the query in the nextLink, which can be asked twice', async () => {
    const first = await get('/users?$select=id&$top=150')
    const nextLink = first.body['@odata.nextLink'] ?? ''
    const second = await get(nextLink)
    expect(nextLink).toContain('$select=id&$top=150')
    expect(second.body.value).toHaveLength(50)
    expect(second.body['@odata.nextLink']).toBeUndefined()
    expect((await get(nextLink)).body.value).toEqual(second.body.value)
  })

  test('leave out what vanished between two pages', async () => {
    await using own = await startTrustedTenants({ pageSize: 50 })
    const ownGet = await graphGetter(own)
    const first = await ownGet('/users?$select=id')
    const rest = [...own.entra.tenant.directory.users.keys()].filter(
      (id) => !first.body.value.some((user) => user.id === id),
    )
    for (const id of rest.sort().slice(0, 50)) own.entra.tenant.directory.removeUser(id)
    const second = await ownGet(first.body['@odata.nextLink'] ?? '')
    expect(second.body.value).toEqual([])
    expect(second.body['@odata.nextLink']).toBeDefined()
  })

  test.each([
    ['/users?$select=id,shoeSize', 400, 'BadRequest'],
    ['/users?$select=skills', 501, 'NotImplemented'],
    ['/users?$top=0', 400, 'Request_UnsupportedQuery'],
    ['/users?$top=1000', 400, 'Request_UnsupportedQuery'],
    ['/users?$skip=5', 400, 'BadRequest'],
    ['/users?$skiptoken=invented', 400, 'Directory_ExpiredPageToken'],
    [`/users?$filter=${encodeURIComponent("companyName eq 'Contoso'")}`, 400, 'Request_UnsupportedQuery'],
    [
      `/users?$filter=${encodeURIComponent("endsWith(mail,'@contoso.example')")}&$count=true`,
      400,
      'Request_UnsupportedQuery',
    ],
    [`/users?$filter=${encodeURIComponent('displayName eq')}`, 400, 'BadRequest'],
    ['/users?$orderby=jobTitle', 400, 'Request_UnsupportedQuery'],
    ['/users?$search="displayName:sam"', 400, 'Request_UnsupportedQuery'],
    ['/users/$count', 400, 'BadRequest'],
    ['/users/nobody@contoso.example', 404, 'Request_ResourceNotFound'],
    ['/groups?$expand=owners', 400, 'BadRequest'],
    ['/groups/b0000000-0000-4000-8000-000000000099', 404, 'Request_ResourceNotFound'],
    ['/domains?$top=5', 400, 'BadRequest'],
    ['/me', 400, 'BadRequest'],
    ['/planets', 400, 'BadRequest'],
    ['/users/delta?$top=5', 400, 'Request_UnsupportedQuery'],
    ['/groups/delta?$expand=members', 400, 'Request_UnsupportedQuery'],
    ['/users/delta?$deltatoken=invented', 410, 'syncStateNotFound'],
  ])('refuse %s with %i %s', async (path, status, code) => {
    const answer = await get(path)
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
  })

  test('answer advanced queries that carry the header and $count', async () => {
    const filter = encodeURIComponent("endsWith(userPrincipalName,'@fabrikam.example') and accountEnabled eq true")
    const { body } = await get(`/users?$filter=${filter}&$count=true&$select=userPrincipalName&$top=5`, eventual)
    expect(body.value).toHaveLength(5)
    expect(body['@odata.count']).toBeGreaterThan(20)
    const withoutHeader = await get(body['@odata.nextLink'] ?? '')
    expect(withoutHeader.body.error.code).toBe('Request_UnsupportedQuery')
  })

  test('find a name with an apostrophe when it is doubled', async () => {
    const filter = encodeURIComponent("surname eq 'O''Neil'")
    const { body } = await get(`/users?$filter=${filter}&$select=userPrincipalName`)
    expect(body.value).toEqual([{ userPrincipalName: "m.o'neil@contoso.example" }])
  })

  test('find a guest whose name is encoded in the path', async () => {
    const name = encodeURIComponent('tom_partner.example#EXT#@contoso.onmicrosoft.example')
    const { body } = await get(`/users/${name}?$select=userType,mail`)
    expect(body).toMatchObject({ userType: 'Guest', mail: 'tom@partner.example' })
  })
})

describe('group members', () => {
  test('are of every kind', async () => {
    const { body } = await get(`/groups/${sampleGroupId('mixed-bag')}/members?$select=id,displayName`)
    const types = body.value.map((member) => String(member['@odata.type'])).sort()
    expect([...new Set(types)]).toEqual([
      '#microsoft.graph.device',
      '#microsoft.graph.group',
      '#microsoft.graph.orgContact',
      '#microsoft.graph.servicePrincipal',
      '#microsoft.graph.user',
    ])
  })

  test('of a cycle are found once', async () => {
    const { body } = await get(`/groups/${sampleGroupId('circle-a')}/transitiveMembers?$select=id`)
    const ids = body.value.map((member) => member.id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).not.toContain(sampleGroupId('circle-a'))
  })

  test('of the largest group need two pages', async () => {
    const first = await get(`/groups/${sampleGroupId('all-staff')}/members?$select=id`)
    const second = await get(first.body['@odata.nextLink'] ?? '')
    expect(first.body.value.length + second.body.value.length).toBe(
      tenants.entra.tenant.directory.members(sampleGroupId('all-staff')).size,
    )
  })

  test('are cut to 20 by $expand', async () => {
    const { body } = await get('/groups?$expand=members&$select=id,displayName')
    const lengths = body.value.map((group) => (group.members as unknown[]).length)
    expect(Math.max(...lengths)).toBe(20)
  })

  test('are cast only in advanced queries', async () => {
    const path = `/groups/${sampleGroupId('mixed-bag')}/members/microsoft.graph.user?$select=id&$count=true`
    expect((await get(path)).status).toBe(400)
    expect((await get(path, eventual)).body.value).toHaveLength(1)
  })
})

describe('permissions', () => {
  test('come from the token and are checked per endpoint', async () => {
    await using own = await startTrustedTenants()
    own.entra.tenant.application.permissions.delete('User.Read.All')
    own.entra.tenant.application.permissions.delete('Domain.Read.All')
    const ownGet = await graphGetter(own)
    expect((await ownGet('/users')).body.error.code).toBe('Authorization_RequestDenied')
    expect((await ownGet('/domains')).status).toBe(403)
    expect((await ownGet('/groups')).status).toBe(200)
    const { body } = await ownGet(`/groups/${sampleGroupId('sudo')}/members`)
    expect(body.value[0]).toMatchObject({ '@odata.type': '#microsoft.graph.user', displayName: null, mail: null })
    expect(body.value[0]?.id).toBeTypeOf('string')
  })

  test('hide members of a group with hidden membership', async () => {
    await using own = await startTrustedTenants()
    own.entra.tenant.directory.updateGroup(sampleGroupId('sudo'), { visibility: 'HiddenMembership' })
    const ownGet = await graphGetter(own)
    expect((await ownGet(`/groups/${sampleGroupId('sudo')}/members`)).status).toBe(403)
  })
})

describe('tokens', () => {
  test('are refused when missing, foreign, revoked or too old', async () => {
    let now = new Date('2026-02-03T04:05:06Z')
    await using own = await startTrustedTenants({ now: () => now })
    const ownGet = await graphGetter(own)
    const codeFor = async (headers: Record<string, string>) => {
      const { status, body, headers: answered } = await ownGet('/domains', headers)
      return [status, body.error?.code, answered.has('www-authenticate')]
    }
    const refused = [401, 'InvalidAuthenticationToken', true]
    expect(await codeFor({ authorization: '' })).toEqual(refused)
    expect(await codeFor({ authorization: `Bearer ${await entraToken(tenants)}` })).toEqual(refused)
    expect(await codeFor({})).toEqual([200, undefined, false])
    now = new Date(now.getTime() + 3_600_000)
    expect(await codeFor({})).toEqual(refused)
    const fresh = await graphGetter(own)
    own.entra.tenant.tokens.revokeAll()
    expect((await fresh('/domains')).status).toBe(401)
  })
})

describe('$batch', () => {
  async function post(requests: unknown[]) {
    const answer = await fetch(`${tenants.entra.graphUrl}/v1.0/$batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await entraToken(tenants)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ requests }),
    })
    return { status: answer.status, body: (await answer.json()) as { responses: { id: string; status: number }[] } }
  }

  const part = (id: string, url: string) => ({ id, method: 'GET', url })

  test('answers each part with its own status', async () => {
    tenants.entra.tenant.faults.add({ kind: 'throttled', path: sampleGroupId('platform') })
    const { body } = await post([
      part('1', `/groups/${sampleGroupId('sudo')}/members?$select=id`),
      part('2', `/groups/${sampleGroupId('platform')}/members?$select=id`),
      part('3', '/groups/none/members'),
    ])
    expect(body.responses.map(({ id, status }) => [id, status])).toEqual([
      ['3', 404],
      ['2', 429],
      ['1', 200],
    ])
  })

  test('takes 20 parts at most', async () => {
    const parts = Array.from({ length: 21 }, (_, index) => part(String(index), '/domains'))
    expect((await post(parts)).status).toBe(400)
    expect((await post(parts.slice(1))).status).toBe(200)
  })
})
