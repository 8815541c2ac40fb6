import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hookSecret, type HookedServer, startHookedServer } from '../builders/hooked-server.ts'
import { entraUserId, oktaUserId } from './small-tenants.ts'
import { values } from './sync-fixture.ts'

let hooked: HookedServer
beforeEach(async () => {
  hooked = await startHookedServer()
  await hooked.ran(2)
  await hooked.logs('change subscription made', 2)
  // New subscriptions are followed by a run of their own.
  await hooked.clock.pass(31_000)
  await hooked.ran(3)
})
afterEach(() => hooked[Symbol.asyncDispose]())

const minute = 60_000
const entra = () => hooked.tenants.entra.tenant
const okta = () => hooked.tenants.okta.tenant

/** Lets so much time pass as hints need, and waits for the run. */
async function expectRun(provider: string): Promise<void> {
  const before = hooked.runs.length
  await hooked.clock.pass(31_000)
  await hooked.ran(before + 1)
  expect(hooked.runs.slice(before)).toEqual([
    { provider, trigger: 'notification', mode: 'incremental', outcome: expect.any(String) },
  ])
}

/** Enough time for any hint, and none came. */
async function expectNoRun(): Promise<void> {
  const before = hooked.runs.length
  await hooked.clock.pass(minute)
  await hooked.server.workspace.engine.exclusively(async () => undefined)
  expect(hooked.runs.slice(before)).toEqual([])
}

async function metric(provider: string, result: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${hooked.server.ports.admin}/metrics`)).text()
  const line = new RegExp(`^rosterd_hook_calls_total\\{provider="${provider}",result="${result}"\\} (\\d+)$`, 'm')
  return Number(line.exec(text)?.[1] ?? 0)
}

async function titleOf(name: string): Promise<readonly string[]> {
  return values(hooked.server.workspace.directory.entryByDn(`uid=${name},ou=people,dc=example,dc=com`), 'title')
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${hooked.publicUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

describe('change notifications of Microsoft Graph', () => {
  const graph = '/hooks/graph/contoso'
  const subscriptions = () => entra().subscriptions
  const validate = (token: string) => post(`${graph}?validationToken=${encodeURIComponent(token)}`, '')

  function setTitle(jobTitle: string): void {
    entra().directory.updateUser(entraUserId(1), { jobTitle })
  }

  async function subscriptionRecords(): Promise<Record<string, unknown>> {
    const records: Record<string, unknown> = {}
    for await (const { key, value } of hooked.server.workspace.directory.store.list('provider', [
      'contoso',
      'subscription',
    ]))
      records[key[2] ?? ''] = value
    return records
  }

  test('are subscribed to for users and groups, with a secret that is kept as a hash only', async () => {
    expect(subscriptions().all).toMatchObject([
      { resource: 'users', changeType: 'updated,deleted', notificationUrl: `${hooked.publicUrl}${graph}` },
      { resource: 'groups', lifecycleNotificationUrl: `${hooked.publicUrl}${graph}` },
    ])
    const kept = JSON.stringify([await subscriptionRecords(), hooked.logged])
    for (const { id, clientState } of subscriptions().all) {
      expect(kept).toContain(id)
      expect(clientState).toMatch(/^[\w-]{43}$/)
      expect(kept).not.toContain(clientState)
    }
    expect(new Set(subscriptions().all.map(({ clientState }) => clientState)).size).toBe(2)
  })

  test('are followed by a run that reads what has changed', async () => {
    setTitle('Engineer')
    await subscriptions().deliveries.idle()
    expect(subscriptions().deliveries.statuses).toEqual([202])
    expect(await titleOf('person1')).toEqual([])
    await expectRun('contoso')
    expect(await titleOf('person1')).toEqual(['Engineer'])
    expect(await metric('contoso', 'hint')).toBe(1)
  })

  test('do no harm when they come twice, late and in another order', async () => {
    const { deliveries } = subscriptions()
    deliveries.mode = 'twice'
    setTitle('First')
    deliveries.mode = 'held'
    setTitle('Second')
    entra().directory.removeUser(entraUserId(5), 'deleted')
    await deliveries.idle()
    await expectRun('contoso')
    expect(await titleOf('person1')).toEqual(['Second'])
    deliveries.release()
    await deliveries.idle()
    expect(deliveries.statuses).toEqual([202, 202, 202, 202])
    await expectRun('contoso')
    expect(hooked.runs.at(-1)?.outcome).toBe('unchanged')
  })

  test('that are lost are made up for by the schedule', async () => {
    subscriptions().deliveries.mode = 'lost'
    setTitle('Engineer')
    await expectNoRun()
    const before = hooked.runs.length
    await hooked.clock.pass(12 * minute)
    await hooked.ran(before + 2)
    expect(hooked.runs.slice(before).map(({ trigger }) => trigger)).toEqual(['schedule', 'schedule'])
    expect(await titleOf('person1')).toEqual(['Engineer'])
  })

  test('carry nothing into the directory, whatever they say', async () => {
    const [{ id: subscriptionId, clientState } = { id: '', clientState: '' }] = subscriptions().all
    const resourceData = { id: entraUserId(1), jobTitle: 'Chief', accountEnabled: false }
    const notification = {
      subscriptionId,
      clientState,
      changeType: 'deleted',
      resource: `Users/${entraUserId(1)}`,
      resourceData,
    }
    expect((await post(graph, { value: [notification] })).status).toBe(202)
    await expectRun('contoso')
    expect(hooked.runs.at(-1)?.outcome).toBe('unchanged')
  })

  test('of strangers are answered like genuine ones, and nothing follows', async () => {
    const [{ id: subscriptionId, clientState } = { id: '', clientState: '' }] = subscriptions().all
    const forged = [
      { subscriptionId, clientState: 'guessed' },
      { subscriptionId: 'f0000000-0000-4000-8000-000000000001', clientState },
      { subscriptionId, clientState: null },
      { subscriptionId, clientState: 'guessed', lifecycleEvent: 'subscriptionRemoved' },
      'nothing',
    ]
    for (const each of forged) {
      const answer = await post(graph, { value: [each] })
      expect([answer.status, await answer.text()]).toEqual([202, ''])
    }
    expect(await metric('contoso', 'refused')).toBe(forged.length)
    await expectNoRun()
    expect(subscriptions().all).toHaveLength(2)
  })

  test('are refused when they are no JSON, no list, or longer than a mebibyte', async () => {
    const bodies = ['{"value":', '{"value":{}}', '[]', JSON.stringify({ value: ['x'.repeat(1 << 20)] })]
    const url = `http://127.0.0.1:${hooked.server.ports.admin}${graph}`
    const answers = await Promise.all(bodies.map((body) => fetch(url, { method: 'POST', body })))
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 413])
    await expectNoRun()
  })

  test('are taken at the address of a provider that is told of changes, by POST', async () => {
    expect((await post('/hooks/graph/nobody', { value: [] })).status).toBe(404)
    expect((await post('/hooks/graph/acme', { value: [] })).status).toBe(404)
    expect((await fetch(`${hooked.publicUrl}${graph}`)).status).toBe(405)
  })

  test('prove the address by a token that is sent back as plain text', async () => {
    const token = 'Validation: Testing client application reachability, Request-Id: 1%2B2 ä'
    const answer = await validate(token)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
    expect(await answer.text()).toBe(token)
  })

  test('send nothing back that a browser could take for a page', async () => {
    for (const token of ['<script>alert(1)</script>', 'a&b', '', 'x'.repeat(1025), 'a\nb']) {
      const answer = await validate(token)
      expect([token, answer.status, await answer.text()]).toEqual([token, 400, ''])
    }
  })

  test('go on after the service asks for a renewal, removes a subscription, or has missed something', async () => {
    const calls = () =>
      entra()
        .calls.filter(({ path }) => path.includes('/subscriptions'))
        .map(({ method }) => method)
    entra().calls.length = 0
    subscriptions().tellLifecycle('reauthorizationRequired')
    await subscriptions().deliveries.idle()
    await hooked.clock.pass(0)
    await expect.poll(calls).toEqual(['PATCH', 'PATCH'])
    const before = subscriptions().all
    subscriptions().tellLifecycle('subscriptionRemoved')
    await hooked.logs('change subscription made', 4)
    expect(subscriptions().all).toHaveLength(2)
    expect(subscriptions().all.map(({ id }) => id)).not.toContain(before[0]?.id)
    await expectRun('contoso')
    subscriptions().tellLifecycle('missed')
    await subscriptions().deliveries.idle()
    await expectRun('contoso')
  })
})

describe('subscriptions', () => {
  const subscriptions = () => entra().subscriptions

  test('are renewed every day, long before they end', async () => {
    const before = subscriptions().all.map(({ expirationDateTime }) => Date.parse(expirationDateTime))
    hooked.clock.set(25 * 60 * minute)
    await hooked.clock.pass(16 * minute)
    const after = () => subscriptions().all.map(({ expirationDateTime }) => Date.parse(expirationDateTime))
    await expect
      .poll(() => after().map((end, index) => end - (before[index] ?? 0) > 24 * 60 * minute))
      .toEqual([true, true])
  })

  test('that were lost are made again', async () => {
    const [lost] = subscriptions().all
    subscriptions().remove(lost?.id ?? '')
    hooked.clock.set(25 * 60 * minute)
    await hooked.clock.pass(16 * minute)
    await hooked.logs('change subscription made', 3)
    expect(
      subscriptions()
        .all.map(({ resource }) => resource)
        .sort(),
    ).toEqual(['groups', 'users'])
  })

  test('outlive a restart, and are removed when they are switched off', async () => {
    const before = subscriptions().all
    await hooked.restart({ entra: { changeNotifications: true } })
    await hooked.ran(5)
    expect(subscriptions().all).toEqual(before)
    entra().directory.updateUser(entraUserId(1), { jobTitle: 'Engineer' })
    await subscriptions().deliveries.idle()
    expect(await metric('contoso', 'hint')).toBe(1)
    await hooked.restart({})
    await expect.poll(() => subscriptions().all).toEqual([])
    expect((await post('/hooks/graph/contoso', { value: [] })).status).toBe(404)
  })

  test('of groups wait for their permission, and those of users do not', async () => {
    await using strict = await startHookedServer({ entra: { changeNotifications: true } }, ({ entra: { tenant } }) => {
      tenant.application.permissions.delete('Group.Read.All')
    })
    await strict.logs('Grant the application permission Group.Read.All')
    const { subscriptions: made, application } = strict.tenants.entra.tenant
    expect(made.all.map(({ resource }) => resource)).toEqual(['users'])
    application.permissions.add('Group.Read.All')
    strict.tenants.entra.tenant.tokens.revokeAll()
    await strict.clock.pass(2 * minute)
    await strict.logs('change subscription made', 2)
    expect(made.all.map(({ resource }) => resource)).toEqual(['users', 'groups'])
  })

  test('follow a new address; while it cannot be reached, the log says what to do', async () => {
    const before = subscriptions().all
    await hooked.restart({ entra: { changeNotifications: true }, publicUrl: 'https://localhost:1' })
    await hooked.logs('Make the address of admin.publicUrl reachable for Microsoft', 2)
    expect(subscriptions().all).toEqual(before)
    await hooked.restart({
      entra: { changeNotifications: true },
      publicUrl: hooked.publicUrl.replace('localhost', '127.0.0.1'),
    })
    await hooked.logs('change subscription made', 4)
    await expect
      .poll(() => subscriptions().all.map(({ notificationUrl }) => new URL(notificationUrl).hostname))
      .toEqual(['127.0.0.1', '127.0.0.1'])
  })
})

describe('event hooks of Okta', () => {
  const address = '/hooks/okta/acme'
  const eventHooks = () => okta().eventHooks

  async function addHook(): Promise<void> {
    await eventHooks().add({ url: `${hooked.publicUrl}${address}`, secret: hookSecret })
  }

  const verify = (challenge: string, secret = hookSecret) =>
    fetch(`${hooked.publicUrl}${address}`, {
      headers: { authorization: secret, 'x-okta-verification-challenge': challenge },
    })

  test('are verified, and followed by a run that reads what has changed', async () => {
    await addHook()
    okta().directory.updateProfile(oktaUserId(1), { title: 'Engineer' })
    await eventHooks().deliveries.idle()
    expect(eventHooks().deliveries.statuses).toEqual([204])
    await expectRun('acme')
    expect(await titleOf('worker1')).toEqual(['Engineer'])
    expect([await metric('acme', 'verified'), await metric('acme', 'hint')]).toEqual([1, 1])
  })

  test('do no harm when deliveries come twice, late, in another order, or not at all', async () => {
    await addHook()
    const { deliveries } = eventHooks()
    for (const mode of ['twice', 'held', 'held', 'lost'] as const) {
      deliveries.mode = mode
      okta().directory.updateProfile(oktaUserId(1), { title: mode })
    }
    await deliveries.idle()
    await expectRun('acme')
    expect(await titleOf('worker1')).toEqual(['lost'])
    deliveries.release()
    await deliveries.idle()
    await expectRun('acme')
    expect(hooked.runs.at(-1)?.outcome).toBe('unchanged')
  })

  test('are ignored where nothing that is read has changed', async () => {
    await addHook()
    okta().directory.log.record('user.session.start')
    await eventHooks().deliveries.idle()
    expect(eventHooks().deliveries.statuses).toEqual([204])
    expect(await metric('acme', 'ignored')).toBe(1)
    await expectNoRun()
  })

  test('send back only what a challenge can be', async () => {
    const answer = await verify('aB0-_.~+/=')
    expect([answer.status, await answer.json()]).toEqual([200, { verification: 'aB0-_.~+/=' }])
    for (const challenge of ['', '<b>', 'a b', '"', 'x'.repeat(257)]) {
      const refused = await verify(challenge)
      expect([challenge, refused.status, await refused.text()]).toEqual([challenge, 400, ''])
    }
  })

  test('with a wrong secret learn nothing, and soon are not even compared', async () => {
    const body = { data: { events: [{ eventType: 'user.lifecycle.create' }] } }
    const statuses: number[] = []
    for (let n = 0; n < 25; n++) {
      const answer = await post(address, body, n === 0 ? {} : { authorization: `wrong ${n}` })
      expect(await answer.text()).toBe('')
      statuses.push(answer.status)
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(20)
    expect(statuses.slice(20)).toEqual([429, 429, 429, 429, 429])
    expect((await verify('abc')).status).toBe(429)
    await expectNoRun()
    expect((await verify('abc')).status).toBe(200)
    expect(await metric('acme', 'refused')).toBe(26)
    expect(hooked.logged.join('')).not.toContain(hookSecret)
  })

  test('are refused when they are no delivery', async () => {
    for (const body of ['{', '{"data":{}}', '[]', ''])
      expect((await post(address, body, { authorization: hookSecret })).status).toBe(400)
    await expectNoRun()
  })
})
