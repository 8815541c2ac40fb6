import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../../../demo/simulated-tenants.ts'
import {
  type AdministeredServer,
  startAdministeredServer,
  type Visitor,
} from '../../../builders/administered-server.ts'
import { fillSmallTenants } from '../../../sync/small-tenants.ts'
import { entraSettings, startTrustedTenants } from '../../../sync/sync-fixture.ts'

interface Told {
  readonly turns: number
  readonly runs: readonly { readonly provider: string; readonly progress: string }[]
}

let tenants: SimulatedTenants
let server: AdministeredServer
let ada: Visitor
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  fillSmallTenants(tenants)
  server = await startAdministeredServer({ providers: [entraSettings(tenants)] })
  await server.admin('ada', 'auditor')
  ada = await server.signedIn('ada')
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await tenants.close()
})

/** What a stream tells, until it ends. */
async function* toldBy(answer: Response): AsyncGenerator<Told> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const octets of answer.body ?? []) {
    rest += decoder.decode(octets, { stream: true })
    const parts = rest.split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) yield JSON.parse(part.slice('data: '.length)) as Told
  }
}

async function nextOf(stream: AsyncGenerator<Told>): Promise<Told | undefined> {
  const { value, done } = await stream.next()
  return done === true ? undefined : value
}

const watch = () => ada.get('/admin/sync/events')
const run = () => server.workspace.engine.run('contoso', { trigger: 'test', full: true })

test('a stream tells how far a run is, and that it has ended', async () => {
  const answer = await watch()
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const stream = toldBy(answer)
  expect(await nextOf(stream)).toEqual({ turns: 0, runs: [], told: 'No sync is running.' })
  const ended = run()
  const told: Told[] = []
  for await (const state of stream) {
    told.push(state)
    if (state.turns === 2) break
  }
  await ended
  expect(told[0]?.runs).toMatchObject([{ provider: 'contoso' }])
  expect(told.at(-1)).toEqual({ turns: 2, runs: [], told: 'No sync is running.' })
})

test('a stream ends with its session, of which it tells nothing more', async () => {
  const stream = toldBy(await watch())
  await nextOf(stream)
  await ada.post('/admin/sign-out')
  await run()
  expect(await nextOf(stream)).toBeUndefined()
})

test('a stream ends when somebody else ends the sessions of its administrator', async () => {
  const stream = toldBy(await watch())
  await nextOf(stream)
  await server.administrators.signOutEverywhere('ada', { name: 'root', address: null })
  await run()
  expect(await nextOf(stream)).toBeUndefined()
})

test('a session has no more than four streams, and another one its own', async () => {
  const streams = [toldBy(await watch()), toldBy(await watch()), toldBy(await watch()), toldBy(await watch())]
  for (const stream of streams) await nextOf(stream)
  const fifth = await watch()
  expect([fifth.status, await fifth.text()]).toEqual([429, expect.stringContaining('too many windows')])
  const other = await (await server.signedIn('ada')).get('/admin/sync/events')
  expect(other.status).toBe(200)
  await other.body?.cancel()
})

test('streams end as soon as the server begins to close', async () => {
  const stream = toldBy(await watch())
  await nextOf(stream)
  const [, end] = await Promise.all([server.close(), nextOf(stream)])
  expect(end).toBeUndefined()
})
