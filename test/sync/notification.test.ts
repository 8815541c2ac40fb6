import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect, test } from 'vitest'
import { makeServerCertificate, type ServerCertificate } from '../../demo/https/certificate.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { Secret } from '../../server/runtime/secret.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { createDelivery } from '../../sync/reporting/delivery.ts'
import { messagesOfEvent } from '../../sync/reporting/event-messages.ts'
import { outboxChanges, readOutbox } from '../../sync/reporting/outbox.ts'
import type { ReportEvent } from '../../sync/reporting/report-event.ts'
import { mailSender, notificationSender } from '../../sync/reporting/senders.ts'
import { fakeClock } from './fake-clock.ts'

const secret = 'shared-secret'
const failing: ReportEvent = {
  type: 'provider.failing',
  provider: 'contoso',
  failures: 3,
  since: '2026-03-01T07:00:00.000Z',
  error: 'contoso: GET /users: 503',
}

interface Call {
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A receiver over HTTP, or HTTPS with a certificate, that answers with the given statuses, then with 204. */
async function receiving(statuses: readonly number[] = [], certificate?: ServerCertificate) {
  const calls: Call[] = []
  const answer: RequestListener = (request, response) => {
    void buffer(request).then((body) => {
      calls.push({ path: request.url, headers: request.headers, body: body.toString('utf8') })
      response.writeHead(statuses[calls.length - 1] ?? 204, { location: '/elsewhere' }).end()
    })
  }
  const server = certificate
    ? createSecureServer({ key: certificate.keyPem, cert: certificate.certificatePem }, answer)
    : createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/hooks?key=url-secret`
  const close = async () => {
    server.closeAllConnections()
    server.close()
  }
  return { calls, url, [Symbol.asyncDispose]: close }
}

async function notifying({ url }: { readonly url: string }, events?: readonly string[]) {
  const config = configSchema.parse({ notify: [{ url, secret, events }] })
  const store = openMemoryStore()
  const clock = fakeClock()
  const logged: unknown[] = []
  const keep = (fields: object, message: string) => void logged.push({ ...fields, message })
  const logger = { debug: keep, info: keep, warn: keep, error: keep }
  const readSecret = async (source: unknown) => new Secret(String(source))
  const delivery = createDelivery({
    directory: { store, commit: (generation) => store.commit(generation) },
    clock,
    logger,
    senders: {
      mail: mailSender(undefined),
      invitation: { deliver: () => Promise.reject(new Error('there are none')) },
      notification: notificationSender(config, readSecret, clock),
    },
  })
  const messages = messagesOfEvent(failing, config, clock.now())
  const records = await outboxChanges(messages, { store, clock, logger })
  await store.commit({ cause: { kind: 'server', id: 'test' }, entries: [], records })
  return {
    clock,
    logged,
    look: () => delivery.deliverDue(new AbortController().signal),
    waiting: async () => await readOutbox(store),
  }
}

/** As a receiver would check it. */
function isSigned({ headers, body }: Call): boolean {
  const expected = createHmac('sha256', secret)
    .update(`${String(headers['rosterd-timestamp'])}.${body}`)
    .digest('hex')
  return headers['rosterd-signature'] === `v1=${expected}`
}

test('an event is posted as signed JSON with its type, time and facts', async () => {
  await using receiver = await receiving()
  const outbox = await notifying(receiver)
  await outbox.look()
  const [call] = receiver.calls
  expect(call && isSigned(call)).toBe(true)
  expect(call?.path).toBe('/hooks?key=url-secret')
  expect(call?.headers).toMatchObject({
    'content-type': 'application/json',
    'rosterd-event': 'provider.failing',
    'rosterd-timestamp': String(Date.parse('2026-03-01T08:00:00Z') / 1000),
  })
  expect(JSON.parse(call?.body ?? '')).toEqual({
    type: 'provider.failing',
    time: '2026-03-01T08:00:00.000Z',
    summary: 'Rosterd: the last 3 syncs of contoso failed',
    provider: { id: 'contoso', name: 'contoso' },
    data: { failures: 3, since: failing.since, error: failing.error },
  })
  expect(await outbox.waiting()).toEqual([])
})

test('after a failure the same event comes again with the same id and body, signed anew', async () => {
  await using receiver = await receiving([500])
  const outbox = await notifying(receiver)
  await outbox.look()
  outbox.clock.advance(3_600_000)
  await outbox.look()
  const [first, second] = receiver.calls
  expect(second?.headers['rosterd-event-id']).toBe(first?.headers['rosterd-event-id'])
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['rosterd-timestamp']).not.toBe(first?.headers['rosterd-timestamp'])
  expect(second && isSigned(second)).toBe(true)
  expect(await outbox.waiting()).toEqual([])
})

test.each([301, 302, 307, 308])('a redirect (%i) is not followed, and is no acceptance', async (status) => {
  await using receiver = await receiving([status])
  const outbox = await notifying(receiver)
  await outbox.look()
  expect(receiver.calls).toHaveLength(1)
  expect(await outbox.waiting()).toHaveLength(1)
})

test('over HTTPS the certificate is checked', async () => {
  const certificate = await makeServerCertificate()
  await using receiver = await receiving([], certificate)
  const outbox = await notifying(receiver)
  await outbox.look()
  expect([receiver.calls.length, (await outbox.waiting()).length]).toEqual([0, 1])
  setDefaultCACertificates([...getCACertificates('default'), certificate.caPem])
  outbox.clock.advance(3_600_000)
  await outbox.look()
  expect(receiver.calls.map(isSigned)).toEqual([true])
  expect(await outbox.waiting()).toEqual([])
})

test('410 ends an event', async () => {
  await using receiver = await receiving([410])
  const outbox = await notifying(receiver)
  await outbox.look()
  expect(await outbox.waiting()).toEqual([])
})

test('events that a URL did not ask for are not sent to it', async () => {
  await using receiver = await receiving()
  const outbox = await notifying(receiver, ['changes.held'])
  expect(await outbox.waiting()).toEqual([])
})

test('neither the secret nor the URL is in the store or in the log', async () => {
  await using receiver = await receiving([500])
  const outbox = await notifying(receiver)
  await outbox.look()
  expect(outbox.logged).toHaveLength(1)
  expect(JSON.stringify([outbox.logged, await outbox.waiting()])).not.toMatch(/shared-secret|url-secret/)
})
