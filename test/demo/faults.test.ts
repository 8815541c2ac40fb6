import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type GraphGet, graphGetter, oktaGetter, startTrustedTenants } from './trusted-tenants.ts'

let tenants: SimulatedTenants
let get: GraphGet

beforeEach(async () => {
  tenants = await startTrustedTenants({ pageSize: 50 })
  get = await graphGetter(tenants)
  tenants.entra.tenant.calls.length = 0
})

afterEach(() => tenants.close())

function faults() {
  return tenants.entra.tenant.faults
}

describe('faults of the transport', () => {
  test.each(['reset', 'reset-in-body'] as const)('%s fails the call and only that one', async (kind) => {
    faults().add({ kind })
    await expect(get('/domains')).rejects.toThrow()
    expect((await get('/domains')).status).toBe(200)
    expect(faults().pending).toEqual([])
  })

  test('truncated-json is a complete answer that does not parse', async () => {
    faults().add({ kind: 'truncated-json' })
    await expect(get('/domains')).rejects.toThrow(SyntaxError)
  })

  test.each(['silence', 'stall'] as const)('%s ends when the caller gives up', async (kind) => {
    faults().add({ kind, path: '/domains' })
    const call = fetch(`${tenants.entra.graphUrl}/v1.0/domains`, { signal: AbortSignal.timeout(50) })
    await expect(call.then((answer) => answer.text())).rejects.toThrow(/time/i)
  })

  test('slow-body arrives whole', async () => {
    faults().add({ kind: 'slow-body', delayMs: 1 })
    expect((await get('/domains')).body.value).toHaveLength(5)
  })
})

describe('faults of the service', () => {
  test('hit the call they are set for, as often as said, and are logged', async () => {
    faults().add({ kind: 'server-error', status: 503, path: /\/domains$/, at: 2, times: 2, retryAfter: 7 })
    const statuses: number[] = []
    for (let call = 0; call < 4; call += 1) {
      await get('/organization')
      statuses.push((await get('/domains')).status)
    }
    expect(statuses).toEqual([200, 503, 503, 200])
    expect(tenants.entra.tenant.calls.filter(({ fault }) => fault !== undefined)).toEqual([
      { method: 'GET', path: '/graph/v1.0/domains', status: 503, fault: 'server-error' },
      { method: 'GET', path: '/graph/v1.0/domains', status: 503, fault: 'server-error' },
    ])
    expect(tenants.entra.tenant.calls).toHaveLength(8)
  })

  test.each([
    [{ kind: 'throttled' }, 429, 'TooManyRequests', '1'],
    [{ kind: 'throttled', retryAfter: 7 }, 429, 'TooManyRequests', '7'],
    [{ kind: 'throttled', retryAfter: null }, 429, 'TooManyRequests', null],
    [{ kind: 'server-error' }, 500, 'InternalServerError', null],
    [{ kind: 'unauthorized' }, 401, 'InvalidAuthenticationToken', null],
    [{ kind: 'claims-challenge' }, 401, 'InvalidAuthenticationToken', null],
    [{ kind: 'forbidden' }, 403, 'Authorization_RequestDenied', null],
    [{ kind: 'not-found' }, 404, 'Request_ResourceNotFound', null],
    [{ kind: 'expired-page-token' }, 400, 'Directory_ExpiredPageToken', null],
    [{ kind: 'expired-delta-token' }, 410, 'syncStateNotFound', null],
  ] as const)('%o', async (fault, status, code, retryAfter) => {
    faults().add(fault)
    const answer = await get('/users')
    expect([answer.status, answer.body.error.code, answer.headers.get('retry-after')]).toEqual([
      status,
      code,
      retryAfter,
    ])
  })

  test('empty-page loses nobody', async () => {
    faults().add({ kind: 'empty-page', path: '/users', at: 2 })
    const sizes: number[] = []
    for (let path: string | undefined = '/users?$select=id'; path !== undefined; ) {
      const { body } = await get(path)
      sizes.push(body.value.length)
      path = body['@odata.nextLink']
    }
    expect(sizes).toEqual([50, 0, 50, 50, 50])
  })

  test('html is no JSON', async () => {
    faults().add({ kind: 'html' })
    const answer = await fetch(`${tenants.entra.graphUrl}/v1.0/users`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([502, 'text/html'])
  })

  test('expire page tokens given earlier', async () => {
    const { body } = await get('/users')
    tenants.entra.tenant.listings.expireAll()
    expect((await get(body['@odata.nextLink'] ?? '')).body.error.code).toBe('Directory_ExpiredPageToken')
  })
})

describe('faults of Okta', () => {
  test.each([
    [{ kind: 'throttled' }, 429, 'E0000047'],
    [{ kind: 'server-error' }, 500, 'E0000009'],
    [{ kind: 'unauthorized' }, 401, 'E0000011'],
    [{ kind: 'forbidden' }, 403, 'E0000006'],
    [{ kind: 'not-found' }, 404, 'E0000007'],
    [{ kind: 'expired-page-token' }, 400, 'E0000001'],
  ] as const)('%o', async (fault, status, code) => {
    tenants.okta.tenant.faults.add(fault)
    const answer = await oktaGetter(tenants)('/api/v1/users')
    expect([answer.status, answer.body.errorCode]).toEqual([status, code])
    expect(answer.headers.has('x-rate-limit-reset')).toBe(true)
  })

  test('a throttled answer without reset header', async () => {
    tenants.okta.tenant.faults.add({ kind: 'throttled', retryAfter: null })
    const answer = await oktaGetter(tenants)('/api/v1/users')
    expect([answer.status, answer.headers.has('x-rate-limit-reset')]).toEqual([429, false])
  })

  test('empty-page loses nobody', async () => {
    tenants.okta.tenant.faults.add({ kind: 'empty-page' })
    const first = await oktaGetter(tenants)('/api/v1/groups?limit=200')
    expect(first.body).toEqual([])
    expect((await oktaGetter(tenants)(first.next ?? '')).body).toHaveLength(15)
  })
})
