import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleGroupId } from '../../demo/entra/sample-groups.ts'
import { sampleOktaGroupId } from '../../demo/okta/sample-groups.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type GraphGet, graphGetter, type OktaGet, oktaGetter, startTrustedTenants } from './trusted-tenants.ts'

/** Answers of the clouds, as the contract has them. */
const fixtures = new URL('../fixtures/contracts/', import.meta.url)

type Json = Record<string, unknown>

// oxlint-disable-next-line typescript/no-explicit-any -- fixtures are trusted files of many shapes
function fixture(name: string): any {
  return JSON.parse(readFileSync(new URL(name, fixtures), 'utf8'))
}

function keys(value: unknown): string[] {
  return Object.keys(value as Json).sort()
}

/** Keys of all objects of a list together. */
function allKeys(values: readonly unknown[]): string[] {
  return [...new Set(values.flatMap(keys))].sort()
}

describe('answers have the keys of the fixtures', () => {
  let tenants: SimulatedTenants
  let get: GraphGet
  let getOkta: OktaGet

  beforeAll(async () => {
    tenants = await startTrustedTenants()
    get = await graphGetter(tenants)
    getOkta = oktaGetter(tenants)
  })

  afterAll(() => tenants.close())

  function pathOf(recorded: Json): string {
    return String(recorded.url)
      .replace('https://graph.microsoft.com/v1.0', '')
      .replace(/^https:\/\/acme\.okta\.com/, '')
  }

  test.each(['entra-users-page.json', 'entra-groups-page.json', 'entra-domains.json'])('%s', async (name) => {
    const { request, response } = fixture(name)
    const { body, headers } = await get(pathOf(request))
    expect(allKeys(body.value)).toEqual(allKeys(response.body.value))
    expect(keys(response.body)).toEqual(expect.arrayContaining(keys(body)))
    expect(headers.get('content-type')).toBe(response.headers['content-type'])
  })

  test('entra-group-members.json', async () => {
    const [known, unreadable] = fixture('entra-group-members.json')
    const path = `/groups/${sampleGroupId('mixed-bag')}/members`
    const byType = (members: Json[]) => {
      const types = [...new Set(members.map((member) => String(member['@odata.type'])))].sort()
      return types.map((type) => [type, allKeys(members.filter((member) => member['@odata.type'] === type))])
    }
    const { body } = await get(`${path}?$select=id,displayName,userPrincipalName`)
    expect(byType(body.value)).toEqual(byType(known.response.body.value))
    const all = (await get(path)).body.value.filter((member) => member['@odata.type'] === '#microsoft.graph.user')
    expect(allKeys(all)).toEqual(expect.arrayContaining(allKeys(unreadable.response.body.value)))
  })

  test('entra-users-delta.json', async () => {
    const [later, last] = fixture('entra-users-delta.json')
    const { directory } = tenants.entra.tenant
    const first = await get('/users/delta?$deltatoken=latest&$select=displayName,userPrincipalName,mail,accountEnabled')
    const [renamed = '', removed = ''] = directory.users.keys()
    directory.updateUser(renamed, { displayName: 'Vera Berg' })
    directory.removeUser(removed)
    const { body } = await get(first.body['@odata.deltaLink'] ?? '')
    expect(allKeys(body.value)).toEqual(allKeys(later.response.body.value))
    expect(keys(body)).toEqual(keys(last.response.body))
  })

  test('entra-groups-delta.json', async () => {
    const [first] = fixture('entra-groups-delta.json')
    const { body } = await get('/groups/delta?$select=displayName,mail,members')
    expect(keys(body)).toEqual(keys(first.response.body))
    expect(allKeys(body.value)).toEqual(allKeys(first.response.body.value))
    const members = (values: Json[]) => values.flatMap((group) => (group['members@delta'] as Json[] | undefined) ?? [])
    expect(allKeys(members(body.value))).toEqual(allKeys(members(first.response.body.value)))
  })

  test('entra-graph-errors.json', async () => {
    const recorded = fixture('entra-graph-errors.json')
    const { body, headers } = await get('/users?$select=shoeSize')
    expect(body.error).toMatchObject({ code: recorded[0].body.error.code, message: recorded[0].body.error.message })
    expect(keys(body.error)).toEqual(keys(recorded[0].body.error))
    expect(keys((body.error as unknown as Json).innerError)).toEqual(keys(recorded[0].body.error.innerError))
    expect(headers.get('content-type')).toBe(recorded[0].headers['content-type'])
  })

  test('entra-discovery.json', async () => {
    const { authorityHost, tenantId } = tenants.entra
    const answer = await fetch(`${authorityHost}/${tenantId}/v2.0/.well-known/openid-configuration`)
    const body = (await answer.json()) as Json
    expect(keys(body)).toEqual(expect.arrayContaining(keys(fixture('entra-discovery.json').response.body)))
    expect(body.issuer).toBe(`${authorityHost}/${tenantId}/v2.0`)
  })

  test('entra-token.json', async () => {
    const recorded = fixture('entra-token.json')
    const { authorityHost, tenantId, clientId, clientSecret, scope } = tenants.entra
    const ask = async (form: Record<string, string>) => {
      const url = `${authorityHost}/${tenantId}/oauth2/v2.0/token`
      const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ client_id: clientId, ...form }) })
      return { status: answer.status, body: (await answer.json()) as Json }
    }
    const application = await ask({ grant_type: 'client_credentials', client_secret: clientSecret, scope })
    expect(keys(application.body)).toEqual(keys(recorded.clientCredentials.response.body))
    const person = { grant_type: 'password', username: 'sam@contoso.example', scope: 'User.Read openid profile' }
    const right = await ask({ ...person, password: 'demo-sam' })
    expect(keys(right.body)).toEqual(keys(recorded.password.response.body))
    const wrong = await ask({ ...person, password: 'wrong' })
    expect(wrong.status).toBe(recorded.errors.wrongPassword.status)
    expect(keys(wrong.body)).toEqual(keys(recorded.errors.wrongPassword.body))
    const expired = await ask({ ...person, username: 'eve.expired@contoso.example', password: 'demo-eve.expired' })
    expect(keys(expired.body)).toEqual(keys(recorded.errors.passwordExpired.body))
    expect(expired.body.suberror).toBe(recorded.errors.passwordExpired.body.suberror)
  })

  test('okta-users-page.json', async () => {
    const { request, response } = fixture('okta-users-page.json')
    const { body, headers } = await getOkta(pathOf(request))
    expect(allKeys(body)).toEqual(allKeys(response.body))
    expect(keys(body[0]?._links)).toEqual(keys(response.body[0]._links))
    expect(keys(body[0]?.credentials)).toEqual(keys(response.body[0].credentials))
    for (const name of keys(response.headers)) expect(headers.has(name)).toBe(true)
  })

  test('okta-groups-page.json', async () => {
    const { request, response } = fixture('okta-groups-page.json')
    const { body } = await getOkta(pathOf(request))
    const ofType = (groups: Json[], type: string) => groups.filter((group) => group.type === type)
    for (const type of ['BUILT_IN', 'OKTA_GROUP', 'APP_GROUP']) {
      expect(allKeys(ofType(body, type))).toEqual(allKeys(ofType(response.body, type)))
      const profiles = (groups: Json[]) => ofType(groups, type).map((group) => group.profile)
      expect(allKeys(profiles(body))).toEqual(allKeys(profiles(response.body)))
    }
  })

  test('okta-group-users-page.json and okta-app-users-page.json', async () => {
    const members = await getOkta(`/api/v1/groups/${sampleOktaGroupId('sudo')}/users?limit=1`)
    expect(allKeys(members.body)).toEqual(allKeys(fixture('okta-group-users-page.json').pages[0].response.body))
    const source = tenants.okta.tenant.directory.group(sampleOktaGroupId('printers')).sourceId ?? ''
    const recorded = fixture('okta-app-users-page.json').response.body
    const appUsers = await getOkta(`/api/v1/apps/${source}/users?limit=200`)
    expect(allKeys(appUsers.body)).toEqual(allKeys(recorded))
    expect(keys(appUsers.body[0]?.profile)).toEqual(keys(recorded[0].profile))
  })

  test('okta-authn.json', async () => {
    const { responses } = fixture('okta-authn.json')
    const authn = async (name: string) => {
      const answer = await fetch(`${tenants.okta.orgUrl}/api/v1/authn`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: `${name}@acme.example`, password: `demo-${name}` }),
      })
      return (await answer.json()) as Json
    }
    const cases: [string, string][] = [
      ['bjork.magnusdottir', 'success'],
      ['eve.expired', 'passwordExpired'],
      ['mia.factor', 'mfaRequired'],
      ['max.enroll', 'mfaEnroll'],
      ['nobody', 'wrongPasswordOrHiddenLockout'],
    ]
    for (const [name, recorded] of cases) {
      const body = await authn(name)
      expect(keys(body)).toEqual(keys(responses[recorded].body))
      if (body._embedded !== undefined) expect(keys(body._embedded)).toEqual(keys(responses[recorded].body._embedded))
    }
  })
})
