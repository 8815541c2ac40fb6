import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServiceAnswer, ServiceRequest } from '../../demo/https/exchange.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { oktaGroupId, oktaUserId } from '../sync/small-tenants.ts'
import { type HookReceiver, startHookReceiver } from './hook-receiver.ts'
import { type OktaGet, oktaGetter, startTrustedTenants } from './trusted-tenants.ts'

let tenants: SimulatedTenants
let get: OktaGet
let now: Date

beforeEach(async () => {
  now = new Date('2026-02-03T04:00:00.000Z')
  tenants = await startTrustedTenants({ data: 'empty', now: () => now })
  get = oktaGetter(tenants)
  const people = directory()
  const profile = { login: 'vera.lind@acme.example', email: 'vera.lind@acme.example' }
  people.addUser({ id: oktaUserId(1), profile: { ...profile, firstName: 'Vera', lastName: 'Lind' } })
  people.addGroup({ id: oktaGroupId(2), profile: { name: 'LDAP-Admins', description: null } })
  now = new Date('2026-02-03T04:04:00.000Z')
})

afterEach(() => tenants.close())

const directory = () => tenants.okta.tenant.directory

// oxlint-disable-next-line typescript/no-explicit-any -- fixtures are trusted files of many shapes
function fixture(name: string): any {
  return JSON.parse(readFileSync(new URL(`../fixtures/contracts/${name}`, import.meta.url), 'utf8'))
}

const typesOf = (events: readonly Record<string, unknown>[]) => events.map(({ eventType }) => eventType)

describe('the system log', () => {
  const polling = '/api/v1/logs?since=2026-02-03T04:01:00Z&limit=1000&sortOrder=ASCENDING'

  test('has the events of the fixture, and a next link although everything was read', async () => {
    const { response } = fixture('okta-logs-page.json')
    directory().addMember(oktaGroupId(2), oktaUserId(1))
    const { body, headers, next } = await get(polling)
    expect(body.map((event) => Object.keys(event))).toEqual(response.body.map((event: object) => Object.keys(event)))
    const [{ target: recordedTarget, eventType, outcome, published }] = response.body
    const [{ target = [], ...event } = {}] = body
    expect(event).toMatchObject({ eventType, outcome, published })
    const withoutIds = (parties: unknown) => (parties as object[]).map((party) => ({ ...party, id: '' }))
    expect(withoutIds(target)).toEqual(withoutIds(recordedTarget))
    for (const name of Object.keys(response.headers)) expect(headers.has(name)).toBe(true)
    expect(next).toMatch(/\/api\/v1\/logs\?after=[^&]+&limit=1000&sortOrder=ASCENDING$/)
  })

  test('tells through the next link what has happened since', async () => {
    const { next: first = '' } = await get(polling)
    const quiet = await get(first)
    expect(quiet.body).toEqual([])
    directory().setStatus(oktaUserId(1), 'SUSPENDED')
    directory().setStatus(oktaUserId(1), 'ACTIVE')
    const later = await get(quiet.next ?? '')
    expect(typesOf(later.body)).toEqual(['user.lifecycle.suspend', 'user.lifecycle.unsuspend'])
    expect((await get(later.next ?? '')).body).toEqual([])
    expect(typesOf((await get(first)).body)).toHaveLength(2)
  })

  test('ends with until, page by page', async () => {
    directory().setStatus(oktaUserId(1), 'DEPROVISIONED')
    directory().removeUser(oktaUserId(1))
    now = new Date('2026-02-03T05:00:00.000Z')
    directory().removeGroup(oktaGroupId(2))
    const first = await get('/api/v1/logs?since=2026-02-03T04:01:00Z&until=2026-02-03T04:30:00Z&limit=2')
    expect(typesOf(first.body)).toEqual(['user.lifecycle.deactivate', 'user.lifecycle.delete.initiated'])
    const last = await get(first.next ?? '')
    expect(typesOf(last.body)).toEqual(['user.lifecycle.delete.completed'])
    expect(last.next).toBeUndefined()
  })

  test('can be filtered by the beginning of the event type', async () => {
    const filter = encodeURIComponent('eventType sw "user.lifecycle" or eventType sw "group."')
    directory().updateProfile(oktaUserId(1), { title: 'Engineer' })
    directory().updateGroup(oktaGroupId(2), { name: 'Admins' })
    const { body } = await get(`/api/v1/logs?filter=${filter}`)
    expect(typesOf(body)).toEqual(['user.lifecycle.create', 'group.lifecycle.create', 'group.profile.update'])
  })

  test('refuses what it does not understand', async () => {
    expect((await get('/api/v1/logs?limit=1001')).body.errorCode).toBe('E0000001')
    expect((await get('/api/v1/logs?since=yesterday')).body.errorCode).toBe('E0000001')
    expect((await get('/api/v1/logs?after=invented')).body.errorCode).toBe('E0000001')
    expect((await get(`/api/v1/logs?filter=${encodeURIComponent('eventType ne "x"')}`)).body.errorCode).toBe('E0000031')
  })
})

describe('event hooks', () => {
  const secret = 'Bearer of the hook'
  const { verification, delivery } = fixture('okta-event-hook.json')

  function answerAsContract(request: ServiceRequest): ServiceAnswer {
    const headers = { 'content-type': 'application/json' }
    if (request.headers.authorization !== secret) return { status: 401, headers, body: undefined }
    if (request.method === 'POST') return { status: 204, headers, body: undefined }
    return { status: 200, headers, body: { verification: request.headers['x-okta-verification-challenge'] } }
  }

  async function withHook(use: (hook: HookReceiver) => Promise<void>): Promise<void> {
    await using receiver = await startHookReceiver(answerAsContract)
    const { eventHooks } = tenants.okta.tenant
    await eventHooks.add({ url: `${receiver.origin}/hook`, secret })
    receiver.received.length = 0
    await use(receiver)
    await eventHooks.deliveries.idle()
  }

  const eventsOf = ({ body }: ServiceRequest) => (JSON.parse(body) as { data: { events: object[] } }).data.events
  const idle = () => tenants.okta.tenant.eventHooks.deliveries.idle()

  test('are verified as in the fixture', async () => {
    await using receiver = await startHookReceiver(answerAsContract)
    await tenants.okta.tenant.eventHooks.add({ url: `${receiver.origin}/hook`, secret })
    const [request] = receiver.received
    expect(request?.method).toBe(verification.request.method)
    for (const name of Object.keys(verification.request.headers))
      expect(request?.headers[name.toLowerCase()]).toEqual(expect.any(String))
  })

  test('are not used when the address does not answer right', async () => {
    await using receiver = await startHookReceiver(answerAsContract)
    const add = tenants.okta.tenant.eventHooks.add({ url: `${receiver.origin}/hook`, secret: 'another' })
    await expect(add).rejects.toThrow('was not verified: it answered 401')
    directory().updateProfile(oktaUserId(1), { title: 'Engineer' })
    await idle()
    expect(receiver.received).toHaveLength(1)
  })

  test('are told of changes in the form of the fixture', () =>
    withHook(async ({ received }) => {
      directory().addMember(oktaGroupId(2), oktaUserId(1))
      await idle()
      expect(tenants.okta.tenant.eventHooks.deliveries.statuses).toEqual([204])
      const body = JSON.parse(received[0]?.body ?? '') as Record<string, unknown>
      expect(Object.keys(body).sort()).toEqual(Object.keys(delivery.request.body).sort())
      const [event] = eventsOf(received[0]!)
      expect(Object.keys(event ?? {})).toEqual(Object.keys(delivery.request.body.data.events[0]))
      expect(event).toMatchObject({ eventType: 'group.user_membership.add' })
    }))

  test('lose, double and delay deliveries when told to', () =>
    withHook(async ({ received }) => {
      const { deliveries } = tenants.okta.tenant.eventHooks
      const titles = ['lost', 'twice', 'held'] as const
      for (const mode of titles) {
        deliveries.mode = mode
        directory().updateProfile(oktaUserId(1), { title: mode })
        await idle()
      }
      expect(received).toHaveLength(2)
      expect(eventsOf(received[0]!)).toEqual(eventsOf(received[1]!))
      deliveries.release()
      await idle()
      expect(received).toHaveLength(3)
    }))
})
