import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Fault } from '../../demo/https/faults.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { Collection, DirectoryStore } from '../../server/directory/directory-store.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { fakeClock } from './fake-clock.ts'
import { changeAgain, changeSmallTenants, fillSmallTenants, unlimited } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, servedEntries, startTrustedTenants } from './sync-fixture.ts'

let tenants: SimulatedTenants
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-sync-'))
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  fillSmallTenants(tenants)
  unlimited(tenants)
})
afterEach(async () => {
  await tenants.close()
  await rm(folder, { recursive: true })
})

const connections = [
  { name: 'Entra', id: 'contoso', service: () => tenants.entra.tenant },
  { name: 'Okta', id: 'acme', service: () => tenants.okta.tenant },
]

/** What a run reads: everything, or what has changed since the first run. */
const modes = [{ mode: 'full' }, { mode: 'incremental' }] as const

/** Faults that outlast every repeat. */
const lasting: readonly Fault[] = [
  { kind: 'reset', times: Infinity },
  { kind: 'reset-in-body', times: Infinity },
  { kind: 'server-error', status: 500, times: Infinity },
  { kind: 'html', status: 502, times: Infinity },
  { kind: 'html', status: 200, times: Infinity },
  { kind: 'truncated-json', times: Infinity },
  { kind: 'unauthorized', times: Infinity },
  { kind: 'forbidden', times: Infinity },
  { kind: 'throttled', times: Infinity },
  { kind: 'slow-body', delayMs: 150, times: Infinity },
]

/** Faults that a repeat gets over. */
const passing: readonly Fault[] = [
  { kind: 'reset' },
  { kind: 'reset-in-body', times: 2 },
  { kind: 'server-error', status: 503, times: 2 },
  { kind: 'html', status: 502 },
  { kind: 'truncated-json' },
  { kind: 'throttled', retryAfter: null, times: 2 },
]

const providers = () => [entraSettings(tenants), oktaSettings(tenants)]

/** All that a failed run must not touch. */
async function everythingButRuns(store: DirectoryStore): Promise<unknown> {
  const collections: readonly Collection[] = ['mirror', 'cursor', 'identity', 'name', 'number', 'decision', 'held']
  const records: unknown[] = []
  for (const collection of collections)
    for await (const record of store.list(collection)) records.push([collection, record])
  const entries: [string, unknown][] = []
  for await (const entry of store.entries()) entries.push([entry.dn, [entry.entryUUID, ...entry.attributes]])
  return { records, entries: Object.fromEntries(entries), lastChange: store.lastChange }
}

const combinations = connections.flatMap((connection) => modes.map((mode) => ({ ...connection, ...mode })))

describe.each(combinations)('a call to $name in a $mode run that keeps failing', ({ id, service, mode }) => {
  test.each(lasting)(
    'fails the run and leaves the directory as it was, at every call: $kind $status',
    async (fault) => {
      await using store = await openLevelStore(await mkdtemp(join(folder, 'store-')))
      const clock = fakeClock()
      const first = await openSync({ providers: providers(), store, clock })
      expect((await first.engine.run(id, { trigger: 'first' })).outcome).toBe('applied')
      const before = await everythingButRuns(store)
      changeSmallTenants(tenants)
      const settings = fault.kind === 'slow-body' ? impatient() : providers()
      const callsOfARun = await countCalls(store, id, service, mode)

      for (let at = 1; at <= callsOfARun; at++) {
        service().faults.add({ ...fault, at })
        const sync = await openSync({ providers: settings, store, clock })
        const report = await sync.engine.run(id, { trigger: 'faulty', full: mode === 'full' })
        service().faults.clear()
        const { outcome, error } = report
        expect({ at, outcome, error }).toEqual({ at, outcome: 'failed', error: expect.stringContaining(`${id}: `) })
        expect({ at, state: await everythingButRuns(store) }).toEqual({ at, state: before })
        expect({ at, last: (await sync.engine.runs(id))[0] }).toEqual({ at, last: report })
        expect(JSON.stringify([report, sync.logged])).not.toContain(tenants.entra.clientSecret)
        expect(JSON.stringify([report, sync.logged])).not.toContain(tenants.okta.apiToken)
      }
      const good = await openSync({ providers: providers(), store, clock })
      expect(await good.engine.run(id, { trigger: 'good', full: mode === 'full' })).toMatchObject({
        outcome: 'applied',
        mode,
      })
      expect(withoutTimes(servedEntries(good.directory))).toEqual(withoutTimes(await truth(id)))
    },
  )
})

describe.each(combinations)('a call to $name in a $mode run that fails and then works', ({ id, service, mode }) => {
  const entraOnly: readonly Fault[] =
    id === 'contoso'
      ? [
          { kind: 'unauthorized' },

          { kind: 'expired-page-token', path: 'skiptoken' },
          { kind: 'expired-delta-token', path: 'deltatoken=' },
        ]
      : []
  test.each([...passing, ...entraOnly])('is got over, at every call: $kind', async (fault) => {
    const clock = fakeClock()
    await using store = await openLevelStore(await mkdtemp(join(folder, 'store-')))
    const first = await openSync({ providers: providers(), store, clock })
    await first.engine.run(id, { trigger: 'first' })
    const callsOfARun = await countCalls(store, id, service, mode)

    for (let at = 1; at <= callsOfARun; at++) {
      changeAgain(tenants, at)
      service().faults.add({ ...fault, at })
      const sync = await openSync({ providers: providers(), store, clock })
      const report = await sync.engine.run(id, { trigger: 'faulty', full: mode === 'full' })
      service().faults.clear()
      const { outcome, error } = report
      expect({ at, outcome, error }).toEqual({ at, outcome: 'applied', error: null })
      expect({ at, served: withoutTimes(servedEntries(sync.directory)) }).toEqual({
        at,
        served: withoutTimes(await truth(id)),
      })
    }
  })
})

async function countCalls(
  store: DirectoryStore,
  id: string,
  service: (typeof connections)[number]['service'],
  mode: string,
): Promise<number> {
  const counting = await openSync({ providers: providers(), store })
  service().calls.length = 0
  const report = await counting.engine.run(id, { trigger: 'count', dryRun: true, full: mode === 'full' })
  expect(report).toMatchObject({ mode, calls: service().calls.length })
  expect(report.calls).toBeGreaterThan(mode === 'full' ? 6 : 2)
  return report.calls
}

/** What a server that begins now would serve. */
async function truth(id: string): Promise<ReturnType<typeof servedEntries>> {
  const fresh = await openSync({ providers: providers() })
  await fresh.engine.run(id, { trigger: 'truth' })
  return servedEntries(fresh.directory)
}

const impatient = () => [
  entraSettings(tenants, { requestTimeoutSeconds: 0.05 }),
  oktaSettings(tenants, { requestTimeoutSeconds: 0.05 }),
]

describe('after failures', () => {
  test('the next good run brings the truth, and one more run writes nothing', async () => {
    const clock = fakeClock()
    const sync = await openSync({ providers: providers(), clock })
    for (const { id } of connections) await sync.engine.run(id, { trigger: 'first' })
    changeSmallTenants(tenants)
    tenants.entra.tenant.faults.add({ kind: 'server-error', at: 4, times: Infinity })
    expect((await sync.engine.run('contoso', { trigger: 'faulty' })).outcome).toBe('failed')
    tenants.entra.tenant.faults.clear()

    clock.advance(60_000)
    for (const { id } of connections) await sync.engine.run(id, { trigger: 'good' })
    const fresh = await openSync({ providers: providers(), clock: fakeClock() })
    for (const { id } of connections) await fresh.engine.run(id, { trigger: 'fresh' })
    expect(withoutTimes(servedEntries(sync.directory))).toEqual(withoutTimes(servedEntries(fresh.directory)))

    const lastChange = sync.directory.store.lastChange
    const before = await everythingButRuns(sync.directory.store)
    for (const { id } of connections)
      expect(await sync.engine.run(id, { trigger: 'again' })).toMatchObject({ outcome: 'unchanged', changes: [] })
    expect(sync.directory.store.lastChange).toBe(lastChange)
    expect(withoutCursors(await everythingButRuns(sync.directory.store))).toEqual(withoutCursors(before))
  })

  test.each(connections)('a silent $name is given up after the time-out', async ({ id, service }) => {
    for (const kind of ['silence', 'stall'] as const) {
      const sync = await openSync({ providers: impatient() })
      service().faults.add({ kind, at: 3, times: Infinity })
      const report = await sync.engine.run(id, { trigger: 'silent' })
      service().faults.clear()
      expect(report.outcome).toBe('failed')
    }
  })

  test('a run that is cancelled says so and changes nothing', async () => {
    const sync = await openSync({ providers: providers() })
    const stop = new AbortController()
    const report = await sync.engine.run('contoso', {
      trigger: 'manual',
      signal: stop.signal,
      onProgress: () => stop.abort(),
    })
    expect(report).toMatchObject({ outcome: 'cancelled' })
    expect(servedEntries(sync.directory)).toEqual({})
  })
})

function withoutTimes(entries: ReturnType<typeof servedEntries>) {
  return Object.entries(entries).map(([dn, { createTimestamp, modifyTimestamp, ...rest }]) => {
    expect(createTimestamp).toBeDefined()
    expect(modifyTimestamp).toBeDefined()
    return [dn, rest]
  })
}

function withoutCursors(state: unknown): unknown {
  const moves = new Set(['lastFullRun', 'lastRun', 'token'])
  return JSON.parse(JSON.stringify(state), (key, value: unknown) => (moves.has(key) ? '' : value))
}
