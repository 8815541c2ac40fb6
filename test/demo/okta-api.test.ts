import { type createPrivateKey, generateKeyPairSync } from 'node:crypto'
import https from 'node:https'
import okta from '@okta/okta-sdk-nodejs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sampleOktaGroupId } from '../../demo/okta/sample-groups.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type OktaGet, oktaGetter, startTrustedTenants } from './trusted-tenants.ts'

let tenants: SimulatedTenants
let get: OktaGet
let now: Date

beforeEach(async () => {
  now = new Date('2026-02-03T04:05:06.000Z')
  tenants = await startTrustedTenants({ now: () => now })
  get = oktaGetter(tenants)
})

afterEach(() => tenants.close())

async function readAll(path: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const page = await get(next)
    found.push(...page.body)
    next = page.next
  }
  return found
}

const search = (expression: string) => `/api/v1/users?search=${encodeURIComponent(expression)}&limit=200`

function idOf(login: string): string {
  return tenants.okta.tenant.directory.findUser(login)?.id ?? ''
}

describe('listings', () => {
  test('leave out deactivated people unless something is searched', async () => {
    const plain = await readAll('/api/v1/users?limit=40')
    const everybody = await readAll(search('status pr'))
    const deactivated = everybody.filter(({ status }) => status === 'DEPROVISIONED')
    expect(everybody).toHaveLength(100)
    expect(deactivated.length).toBeGreaterThanOrEqual(2)
    expect(plain).toHaveLength(100 - deactivated.length)
  })

  test('have every status of the contract', async () => {
    const statuses = new Set((await readAll(search('status pr'))).map(({ status }) => String(status)))
    expect([...statuses].sort()).toEqual([
      'ACTIVE',
      'DEPROVISIONED',
      'LOCKED_OUT',
      'PASSWORD_EXPIRED',
      'PROVISIONED',
      'RECOVERY',
      'STAGED',
      'SUSPENDED',
    ])
  })

  test('send link headers and rate limits', async () => {
    const { headers, next } = await get('/api/v1/users?limit=1')
    expect(headers.get('link')).toContain(`<${tenants.okta.orgUrl}/api/v1/users?limit=1>; rel="self"`)
    expect(next).toMatch(/\/api\/v1\/users\?after=[^&]+&limit=1$/)
    expect(headers.get('x-rate-limit-limit')).toBe('600')
    expect(headers.get('x-rate-limit-remaining')).toBe('599')
    expect(headers.get('x-rate-limit-reset')).toBe(String(now.getTime() / 1000 + 60))
    expect(headers.get('date')).toBe('Tue, 03 Feb 2026 04:05:06 GMT')
  })

  test('bind a cursor to its query', async () => {
    const { next = '' } = await get('/api/v1/users?limit=10')
    expect((await get(next.replace('limit=10', 'limit=20'))).body.errorCode).toBe('E0000001')
    expect((await get(next.replace(/after=[^&]+/, 'after=invented'))).status).toBe(400)
    expect((await get(next)).body).toHaveLength(10)
  })

  test.each([
    ['/api/v1/users?limit=201', 400, 'E0000001'],
    ['/api/v1/groups?limit=0', 400, 'E0000001'],
    [`/api/v1/groups/${sampleOktaGroupId('sudo')}/users?limit=many`, 400, 'E0000001'],
    [search('status ne "ACTIVE"'), 400, 'E0000031'],
    [search('profile.department co "x"'), 400, 'E0000031'],
    [search('Status pr'), 400, 'E0000031'],
    [`/api/v1/users?filter=${encodeURIComponent('profile.department eq "Sales"')}`, 400, 'E0000031'],
    ['/api/v1/users/nobody@acme.example', 404, 'E0000007'],
    ['/api/v1/groups/00gnone/users', 404, 'E0000007'],
    ['/api/v1/planets', 404, 'E0000022'],
  ])('refuse %s with %i %s', async (path, status, code) => {
    const answer = await get(path)
    expect([answer.status, answer.body.errorCode]).toEqual([status, code])
    expect(answer.headers.has('x-rate-limit-remaining')).toBe(true)
  })

  test('refuse unknown and revoked tokens', async () => {
    expect((await get('/api/v1/org', { authorization: 'SSWS wrong' })).body.errorCode).toBe('E0000011')
    expect((await get('/api/v1/org', { authorization: `Bearer ${tenants.okta.apiToken}` })).status).toBe(401)
    tenants.okta.tenant.apiTokens.delete(tenants.okta.apiToken)
    expect((await get('/api/v1/org')).body.errorCode).toBe('E0000011')
  })

  test('refuse more calls than the limit of the minute, without Retry-After', async () => {
    tenants.okta.tenant.rateLimits.perMinute.groups = 2
    expect((await get('/api/v1/groups?limit=1')).status).toBe(200)
    expect((await get('/api/v1/groups?limit=1')).headers.get('x-rate-limit-remaining')).toBe('0')
    const refused = await get('/api/v1/groups?limit=1')
    expect([refused.status, refused.body.errorCode, refused.headers.has('retry-after')]).toEqual([
      429,
      'E0000047',
      false,
    ])
    now = new Date(now.getTime() + 60_000)
    expect((await get('/api/v1/groups?limit=1')).status).toBe(200)
  })
})

describe('changes', () => {
  test('are found by lastUpdated', async () => {
    const since = '2026-01-01T00:00:00.000Z'
    expect(await readAll(search(`lastUpdated gt "${since}"`))).toEqual([])
    tenants.okta.tenant.directory.updateProfile(idOf('sam@acme.example'), { department: 'Support' })
    tenants.okta.tenant.directory.setStatus(idOf('cher@acme.example'), 'DEPROVISIONED')
    expect(await readAll(search(`lastUpdated gt "${since}"`))).toHaveLength(2)
  })

  test('of a membership touch the group and not the user', async () => {
    const path = `/api/v1/groups?filter=${encodeURIComponent('lastMembershipUpdated gt "2026-01-01T00:00:00.000Z"')}`
    tenants.okta.tenant.directory.addMember(sampleOktaGroupId('empty'), idOf('sam@acme.example'))
    expect(await readAll(path)).toMatchObject([{ profile: { name: 'Nobody here' } }])
    expect(await readAll(search('lastUpdated gt "2026-01-01T00:00:00.000Z"'))).toEqual([])
    expect(await readAll(`/api/v1/groups/${sampleOktaGroupId('empty')}/users`)).toHaveLength(1)
  })
})

describe('authn', () => {
  async function authn(username: string, password: string, options = {}) {
    const answer = await fetch(`${tenants.okta.orgUrl}/api/v1/authn`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password, options }),
    })
    const body = (await answer.json()) as { status?: string; errorCode?: string }
    return [answer.status, body.status ?? body.errorCode]
  }

  test.each([
    ['bjork.magnusdottir@acme.example', 'demo-bjork.magnusdottir', 200, 'SUCCESS'],
    ['bjork.magnusdottir', 'demo-bjork.magnusdottir', 200, 'SUCCESS'],
    ['bjork.magnusdottir@acme.example', 'wrong', 401, 'E0000004'],
    ['nobody@acme.example', 'any', 401, 'E0000004'],
    ['sam', 'demo-sam', 401, 'E0000004'],
    ['misaki@acme.example', 'demo-misaki', 401, 'E0000004'],
    ['petra.pending@acme.example', 'demo-petra.pending', 401, 'E0000004'],
    ['kjell.as@acme.example', 'demo-kjell.as', 401, 'E0000004'],
    ['left.company@acme.example', 'demo-left.company', 401, 'E0000004'],
    ["m.o'neil@acme.example", "demo-m.o'neil", 401, 'E0000004'],
    ['eve.expired@acme.example', 'demo-eve.expired', 200, 'PASSWORD_EXPIRED'],
    ['rosa.recovery@acme.example', 'demo-rosa.recovery', 200, 'PASSWORD_RESET'],
    ['mia.factor@acme.example', 'demo-mia.factor', 200, 'MFA_REQUIRED'],
    ['max.enroll@acme.example', 'demo-max.enroll', 200, 'MFA_ENROLL'],
    ['wanda.warned@acme.example', 'demo-wanda.warned', 200, 'SUCCESS'],
  ])('%s with %s is %i %s', async (username, password, status, outcome) => {
    expect(await authn(username, password)).toEqual([status, outcome])
  })

  test('warns of an expiring password when asked', async () => {
    const options = { warnBeforePasswordExpired: true }
    expect(await authn('wanda.warned@acme.example', 'demo-wanda.warned', options)).toEqual([200, 'PASSWORD_WARN'])
  })

  test('locks after ten wrong passwords and shows it only when the policy says so', async () => {
    tenants.okta.tenant.rateLimits.authnPerUserAndSecond = 100
    for (let attempt = 0; attempt < 10; attempt += 1) await authn('sam@acme.example', 'wrong')
    expect(await authn('sam@acme.example', 'demo-sam')).toEqual([401, 'E0000004'])
    tenants.okta.tenant.showsLockout = true
    expect(await authn('sam@acme.example', 'demo-sam')).toEqual([200, 'LOCKED_OUT'])
  })

  test('answers four times a second for one name', async () => {
    for (let attempt = 0; attempt < 4; attempt += 1) await authn('sam@acme.example', 'demo-sam')
    expect(await authn('sam@acme.example', 'demo-sam')).toEqual([429, 'E0000047'])
    expect(await authn('cher@acme.example', 'demo-cher')).toEqual([200, 'SUCCESS'])
  })

  test('refuses other content types and bodies', async () => {
    const post = (type: string) =>
      fetch(`${tenants.okta.orgUrl}/api/v1/authn`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: '{"username":',
      })
    expect((await post('text/plain')).status).toBe(415)
    expect((await post('application/json')).status).toBe(400)
  })
})

describe('the service app', () => {
  test('gets a token for its key and is held to its scopes', async () => {
    now = new Date()
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { serviceApp } = tenants.okta.tenant
    serviceApp.keys.set('test-key', publicKey)
    const client = (key: ReturnType<typeof createPrivateKey>) =>
      new okta.Client({
        orgUrl: tenants.okta.orgUrl,
        authorizationMode: 'PrivateKey',
        clientId: serviceApp.clientId,
        scopes: ['okta.users.read'],
        privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
        keyId: 'test-key',
        cacheMiddleware: null,
      })
    const readable = client(privateKey)
    expect((await readable.userApi.getUser({ userId: 'sam@acme.example' })).profile?.lastName).toBe('Nakamura')
    const groups = await readable.groupApi.listGroups()
    await expect(groups.next()).rejects.toMatchObject({ status: 403, errorCode: 'E0000006' })
    const stranger = client(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
    await expect(stranger.userApi.getUser({ userId: 'sam@acme.example' })).rejects.toMatchObject({ status: 401 })
  })
})

test('links arrive as two header lines', async () => {
  const options = { headers: { authorization: `SSWS ${tenants.okta.apiToken}` } }
  const rawHeaders = await new Promise<string[]>((resolve, reject) => {
    https
      .get(`${tenants.okta.orgUrl}/api/v1/users?limit=1`, options, (answer) => {
        answer.resume()
        resolve(answer.rawHeaders)
      })
      .on('error', reject)
  })
  expect(rawHeaders.filter((name) => name.toLowerCase() === 'link')).toHaveLength(2)
})
