import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServiceAnswer, ServiceRequest } from '../../demo/https/exchange.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { entraGroupId, entraUserId, fillSmallTenants } from '../sync/small-tenants.ts'
import { type HookReceiver, startHookReceiver } from './hook-receiver.ts'
import { entraToken, startTrustedTenants } from './trusted-tenants.ts'

let tenants: SimulatedTenants
let receiver: HookReceiver
let token: string
let now: Date
let answerHandshake: (request: ServiceRequest) => ServiceAnswer

const plain = (body: string, status = 200) => ({ status, headers: { 'content-type': 'text/plain' }, body })
const echo = ({ query }: ServiceRequest) => plain(query.get('validationToken') ?? '')

beforeEach(async () => {
  now = new Date('2026-02-03T04:00:00.000Z')
  tenants = await startTrustedTenants({ data: 'empty', now: () => now })
  tenants.entra.tenant.application.permissions.add('Group.Read.All')
  fillSmallTenants(tenants)
  answerHandshake = echo
  receiver = await startHookReceiver((request) =>
    request.query.has('validationToken') ? answerHandshake(request) : plain('', 202),
  )
  token = await entraToken(tenants)
})

afterEach(async () => {
  await tenants.close()
  await receiver[Symbol.asyncDispose]()
})

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown> & { readonly error?: { readonly code: string; readonly message: string } }
}

async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const answer = await fetch(`${tenants.entra.graphUrl}/v1.0/subscriptions${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) }
}

const subscription = (changes: object = {}) => ({
  changeType: 'updated,deleted',
  resource: 'users',
  notificationUrl: `${receiver.origin}/hook`,
  lifecycleNotificationUrl: `${receiver.origin}/lifecycle`,
  expirationDateTime: '2026-03-01T00:00:00Z',
  clientState: 'the agreed value',
  ...changes,
})

async function subscribe(changes: object = {}): Promise<string> {
  const { status, body } = await ask('POST', '', subscription(changes))
  expect(status).toBe(201)
  receiver.received.length = 0
  return String(body['id'])
}

const directory = () => tenants.entra.tenant.directory
const subscriptions = () => tenants.entra.tenant.subscriptions

/** What was told so far, one after the other. */
async function told(): Promise<Record<string, unknown>[]> {
  await subscriptions().deliveries.idle()
  const bodies = receiver.received.map(({ body }) => JSON.parse(body) as { value: Record<string, unknown>[] })
  return bodies.flatMap(({ value }) => value)
}

describe('a subscription', () => {
  test('is made when both addresses answer with the token', async () => {
    const { status, body } = await ask('POST', '', subscription())
    expect(status).toBe(201)
    expect(body).toMatchObject({ ...subscription(), id: expect.any(String) })
    expect(receiver.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /hook', 'POST /lifecycle'])
  })

  test.each([
    ['another status', ({ query }: ServiceRequest) => plain(query.get('validationToken') ?? '', 404)],
    ['another text', () => plain('hello')],
    ['HTML', (request: ServiceRequest) => ({ ...echo(request), headers: { 'content-type': 'text/html' } })],
  ])('is not made when the address answers with %s', async (_, answer) => {
    answerHandshake = answer
    const { status, body } = await ask('POST', '', subscription())
    expect(status).toBe(400)
    expect(body.error?.code).toBe('ValidationError')
    expect(subscriptions().all).toEqual([])
  })

  test.each([
    [{ expirationDateTime: '2026-03-04T05:00:00Z' }, 'can only be 41760 minutes'],
    [{ expirationDateTime: '2026-02-03T03:59:59Z' }, 'must be in the future'],
    [{ notificationUrl: 'http://localhost/hook' }, 'must be an HTTPS URL'],
    [{ resource: 'devices' }, "Unsupported resource 'devices'"],
    [{ changeType: 'moved' }, "Invalid change type 'moved'"],
  ])('is refused with %o', async (changes, message) => {
    const { status, body } = await ask('POST', '', subscription(changes))
    expect(status).toBe(400)
    expect(body.error?.message).toContain(message)
  })

  test('needs the permission to read the resource', async () => {
    tenants.entra.tenant.application.permissions.delete('Group.Read.All')
    token = await entraToken(tenants)
    expect((await ask('POST', '', subscription({ resource: 'groups' }))).status).toBe(403)
  })

  test('is renewed and removed by its id, until it has expired', async () => {
    const id = await subscribe()
    now = new Date('2026-02-20T00:00:00Z')
    token = await entraToken(tenants)
    expect(await ask('PATCH', `/${id}`, { expirationDateTime: '2026-03-10T00:00:00Z' })).toMatchObject({
      status: 200,
      body: { id, expirationDateTime: '2026-03-10T00:00:00Z' },
    })
    now = new Date('2026-03-11T00:00:00Z')
    token = await entraToken(tenants)
    expect((await ask('PATCH', `/${id}`, { expirationDateTime: '2026-03-20T00:00:00Z' })).status).toBe(404)
    expect((await ask('DELETE', `/${await subscribe({ expirationDateTime: '2026-03-20T00:00:00Z' })}`)).status).toBe(
      204,
    )
    expect(subscriptions().all).toEqual([])
  })
})

describe('notifications', () => {
  test('have the form of the fixture', async () => {
    const path = new URL('../fixtures/contracts/entra-notification.json', import.meta.url)
    const { body } = JSON.parse(readFileSync(path, 'utf8')) as { body: { value: Record<string, unknown>[] } }
    const [recorded = {}] = body.value
    await subscribe()
    directory().updateUser(entraUserId(1), { jobTitle: 'Engineer' })
    const [notification = {}] = await told()
    expect(Object.keys(notification).sort()).toEqual(Object.keys(recorded).sort())
    expect(Object.keys(notification['resourceData'] as object)).toEqual(Object.keys(recorded['resourceData'] as object))
    expect(notification).toMatchObject({ changeType: 'updated', resource: `Users/${entraUserId(1)}` })
    expect(subscriptions().deliveries.statuses).toEqual([202])
  })

  test('tell of creation and soft deletion as updates, and only of what is subscribed to', async () => {
    await subscribe()
    directory().addUser({ id: entraUserId(9), userPrincipalName: 'new@contoso.example' })
    directory().removeUser(entraUserId(9), 'changed')
    directory().removeUser(entraUserId(9), 'deleted')
    directory().addMember(entraGroupId(3), entraUserId(1))
    expect((await told()).map(({ changeType }) => changeType).sort()).toEqual(['deleted', 'updated', 'updated'])
  })

  test('tell of members as updates of the group', async () => {
    await subscribe({ resource: 'groups' })
    directory().addMember(entraGroupId(3), entraUserId(1))
    expect(await told()).toMatchObject([{ changeType: 'updated', resource: `Groups/${entraGroupId(3)}` }])
  })

  test('are lost, doubled and delayed when told to', async () => {
    await subscribe()
    const { deliveries } = subscriptions()
    for (const mode of ['lost', 'twice', 'held'] as const) {
      deliveries.mode = mode
      directory().updateUser(entraUserId(1), { jobTitle: mode })
    }
    const [first, second, ...others] = await told()
    expect(first).toEqual(second)
    expect(others).toEqual([])
    deliveries.release()
    expect(await told()).toHaveLength(3)
  })

  test('about the subscription itself go to the lifecycle address', async () => {
    await subscribe()
    subscriptions().tellLifecycle('reauthorizationRequired')
    await subscriptions().deliveries.idle()
    subscriptions().tellLifecycle('subscriptionRemoved')
    expect(await told()).toMatchObject([
      { lifecycleEvent: 'reauthorizationRequired', clientState: 'the agreed value' },
      { lifecycleEvent: 'subscriptionRemoved' },
    ])
    expect(receiver.received.map(({ path }) => path)).toEqual(['/lifecycle', '/lifecycle'])
    expect(subscriptions().all).toEqual([])
  })
})
