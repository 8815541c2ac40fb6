import { expect, test } from 'vitest'
import { configSchema } from '../../../server/runtime/config-schema.ts'
import type { IdentityProvider } from '../../../sync/identity-provider.ts'
import { startedReport } from '../../../sync/run-report.ts'
import { runSyncSchedule } from '../../../sync/sync-scheduler.ts'

const config = configSchema.parse({
  providers: [
    { id: 'acme', type: 'okta', name: 'Acme', orgUrl: 'https://acme.example', apiToken: 'x' },
    { id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' },
  ],
})

function provider(id: string, revision?: () => Promise<string>): IdentityProvider {
  const unused = () => Promise.reject(new Error('not called by the schedule'))
  return { id, type: 'any', tenant: id, fetchAll: unused, test: unused, ...(revision ? { revision } : {}) }
}

/** Runs the schedule until the provider has slept so many times; time passes in sleeps alone. */
async function schedule(one: IdentityProvider, { sleeps, fails = false }: { sleeps: number; fails?: boolean }) {
  const stop = new AbortController()
  const runs: string[] = []
  const slept: number[] = []
  const logged: object[] = []
  const log = (fields: object) => void logged.push(fields)
  await runSyncSchedule(
    {
      engine: {
        async run(id, options) {
          runs.push(options.trigger)
          if (fails) throw new Error('the store is gone')
          return startedReport(id, options, '')
        },
      },
      config,
      providers: [one],
      random: () => 0.75,
      logger: { debug: log, info: log, warn: log, error: log },
      clock: {
        now: () => new Date(0),
        async sleep(ms, signal) {
          slept.push(ms)
          if (slept.length === sleeps) stop.abort()
          signal?.throwIfAborted()
        },
      },
    },
    stop.signal,
  )
  return { runs, slept, logged }
}

test('a cloud provider runs at once and then after its interval, give or take a tenth', async () => {
  const { runs, slept } = await schedule(provider('acme'), { sleeps: 3 })
  expect(runs).toEqual(['schedule', 'schedule', 'schedule'])
  expect(slept).toEqual([630_000, 630_000, 630_000])
})

test('a file runs at once and then only when it has changed', async () => {
  const revisions = ['1', '1', '2', '2', '2']
  const { runs } = await schedule(
    provider('seed', async () => revisions.shift() ?? ''),
    { sleeps: 5 },
  )
  expect(runs).toHaveLength(2)
})

test('a run that throws does not end the schedule', async () => {
  const { runs, logged } = await schedule(provider('acme'), { sleeps: 2, fails: true })
  expect(runs).toHaveLength(2)
  expect(logged[0]).toMatchObject({ provider: 'acme', error: 'the store is gone' })
})
