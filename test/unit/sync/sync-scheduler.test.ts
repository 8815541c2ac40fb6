import { describe, expect, test } from 'vitest'
import { configSchema } from '../../../server/runtime/config-schema.ts'
import type { IdentityProvider } from '../../../sync/identity-provider.ts'
import { startedReport } from '../../../sync/run-report.ts'
import { createSyncSchedule, type SyncSchedule } from '../../../sync/sync-scheduler.ts'
import { type ManualClock, manualClock } from '../../sync/fake-clock.ts'

const okta = (id: string) => ({ id, type: 'okta', name: id, orgUrl: `https://${id}.example`, apiToken: 'x' })
const config = configSchema.parse({
  providers: [okta('acme'), okta('other'), { id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }],
})
const minute = 60_000

function provider(id: string, revision?: () => Promise<string>): IdentityProvider {
  const unused = () => Promise.reject(new Error('not called by the schedule'))
  return { id, type: 'any', tenant: id, fetchAll: unused, test: unused, ...(revision ? { revision } : {}) }
}

interface Scheduled extends AsyncDisposable {
  readonly clock: ManualClock
  readonly schedule: SyncSchedule
  /** Provider, trigger and seconds since the beginning of each run. */
  readonly runs: readonly (readonly [string, string, number])[]
  readonly logged: readonly object[]
  /** How runs end from now on. */
  end: 'unchanged' | 'failed' | 'throw'
  /** How long they take. */
  runMs: number
}

/** A schedule that has begun; jitter adds a twentieth to every interval. */
async function started(...providers: readonly IdentityProvider[]): Promise<Scheduled> {
  const clock = manualClock()
  const stop = new AbortController()
  const runs: (readonly [string, string, number])[] = []
  const logged: object[] = []
  const log = (fields: object) => void logged.push(fields)
  const schedule = createSyncSchedule({
    engine: {
      async run(id, options) {
        runs.push([id, options.trigger, clock.elapsedMs / 1000])
        if (scheduled.runMs > 0) await clock.sleep(scheduled.runMs)
        if (scheduled.end === 'throw') throw new Error('the store is gone')
        return { ...startedReport(id, options, ''), outcome: scheduled.end }
      },
    },
    config,
    providers,
    random: () => 0.75,
    logger: { debug: log, info: log, warn: log, error: log },
    clock,
  })
  const ended = schedule.run(stop.signal)
  const scheduled: Scheduled = {
    clock,
    schedule,
    runs,
    logged,
    end: 'unchanged',
    runMs: 0,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await clock.pass(0)
      await ended
    },
  }
  await clock.pass(0)
  return scheduled
}

const secondsOfRuns = ({ runs }: Scheduled) => runs.map(([, , seconds]) => seconds)

describe('the schedule', () => {
  test('runs a cloud provider at once and then after its interval, give or take a tenth', async () => {
    await using scheduled = await started(provider('acme'))
    await scheduled.clock.pass(21 * minute)
    expect(scheduled.runs).toEqual([
      ['acme', 'schedule', 0],
      ['acme', 'schedule', 630],
      ['acme', 'schedule', 1260],
    ])
  })

  test('runs a file at once and then only when it has changed', async () => {
    let revision = 1
    await using scheduled = await started(provider('seed', async () => String(revision)))
    await scheduled.clock.pass(10 * minute)
    expect(scheduled.runs).toHaveLength(1)
    revision++
    await scheduled.clock.pass(minute)
    expect(scheduled.runs).toHaveLength(2)
  })

  test('begins with one provider after the other, in the order of the configuration', async () => {
    await using scheduled = await started(
      provider('seed', async () => '1'),
      provider('acme'),
      provider('other'),
    )
    expect(scheduled.runs.map(([id]) => id)).toEqual(['seed', 'acme', 'other'])
  })

  test('begins no run before the one before it has ended', async () => {
    const slow = provider('acme', () => Promise.withResolvers<string>().promise)
    const stop = new AbortController()
    const runs: string[] = []
    const log = () => undefined
    void createSyncSchedule({
      engine: { run: async (id, options) => (runs.push(id), startedReport(id, options, '')) },
      config,
      providers: [slow, provider('other')],
      logger: { debug: log, info: log, warn: log, error: log },
      clock: manualClock(),
    }).run(stop.signal)
    await new Promise((resolve) => setImmediate(resolve))
    expect(runs).toEqual([])
    stop.abort()
  })

  test.each(['failed', 'throw'] as const)(
    'tries again soon after a run that ended with "%s", then later',
    async (end) => {
      await using scheduled = await started(provider('acme'))
      scheduled.end = end
      await scheduled.clock.pass(60 * minute)
      const [, first = 0, ...retries] = secondsOfRuns(scheduled)
      // Two minutes, four, eight, and never more than the interval of ten.
      const waits = retries.map((time, index) => time - (index === 0 ? first : (retries[index - 1] ?? 0)))
      expect(waits.slice(0, 5)).toEqual([126, 252, 504, 630, 630])
      scheduled.end = 'unchanged'
      await scheduled.clock.pass(30 * minute)
      expect(secondsOfRuns(scheduled).at(-1)! - secondsOfRuns(scheduled).at(-2)!).toBe(630)
    },
  )

  test('says what was thrown', async () => {
    await using scheduled = await started(provider('acme'))
    scheduled.end = 'throw'
    await scheduled.clock.pass(11 * minute)
    expect(scheduled.logged).toEqual([{ provider: 'acme', error: 'the store is gone' }])
  })
})

describe('a hint', () => {
  test('is followed by one run after five seconds, however many come', async () => {
    await using scheduled = await started(provider('acme'))
    await scheduled.clock.pass(minute)
    for (let n = 0; n < 4; n++) {
      scheduled.schedule.hint('acme')
      await scheduled.clock.pass(1000)
    }
    await scheduled.clock.pass(5 * minute)
    expect(scheduled.runs.slice(1)).toEqual([['acme', 'notification', 65]])
  })

  test('every second is followed by a run every thirty seconds', async () => {
    await using scheduled = await started(provider('acme'))
    for (let n = 0; n < 120; n++) {
      scheduled.schedule.hint('acme')
      await scheduled.clock.pass(1000)
    }
    expect(secondsOfRuns(scheduled)).toEqual([0, 30, 60, 90, 120])
  })

  test('during a run is followed by one more afterwards', async () => {
    await using scheduled = await started(provider('acme'))
    scheduled.runMs = 40_000
    scheduled.schedule.hint('acme')
    await scheduled.clock.pass(50_000)
    scheduled.schedule.hint('acme')
    scheduled.schedule.hint('acme')
    await scheduled.clock.pass(9 * minute)
    expect(secondsOfRuns(scheduled)).toEqual([0, 30, 70])
  })

  test('puts the next scheduled run off by the interval', async () => {
    await using scheduled = await started(provider('acme'))
    await scheduled.clock.pass(5 * minute)
    scheduled.schedule.hint('acme')
    await scheduled.clock.pass(11 * minute)
    expect(scheduled.runs).toEqual([
      ['acme', 'schedule', 0],
      ['acme', 'notification', 305],
      ['acme', 'schedule', 935],
    ])
  })

  test('wakes only the provider it is for; files and strangers have none', async () => {
    await using scheduled = await started(
      provider('acme'),
      provider('other'),
      provider('seed', async () => '1'),
    )
    for (const id of ['other', 'seed', 'nobody']) scheduled.schedule.hint(id)
    await scheduled.clock.pass(5 * minute)
    expect(scheduled.runs.slice(3)).toEqual([['other', 'notification', 30]])
  })

  test('waits for the retry while the provider fails', async () => {
    await using scheduled = await started(provider('acme'))
    scheduled.end = 'failed'
    await scheduled.clock.pass(11 * minute)
    for (let n = 0; n < 100; n++) {
      scheduled.schedule.hint('acme')
      await scheduled.clock.pass(1000)
    }
    expect(secondsOfRuns(scheduled)).toEqual([0, 630, 756])
  })
})

describe('setting the clock', () => {
  test.each([
    ['a day forward', 24 * 60 * minute],
    ['a day back', -24 * 60 * minute],
  ])('%s shifts the next run by no more than a minute', async (_, byMs) => {
    await using scheduled = await started(provider('acme'))
    await scheduled.clock.pass(5.5 * minute)
    scheduled.clock.set(byMs)
    await scheduled.clock.pass(40 * minute)
    const times = secondsOfRuns(scheduled)
    expect(times[1]).toBeGreaterThanOrEqual(570)
    expect(times[1]).toBeLessThanOrEqual(690)
    expect(times.slice(2, 4).map((time, index) => time - (times[index + 1] ?? 0))).toEqual([630, 630])
  })

  test('a day back holds up no hint', async () => {
    await using scheduled = await started(provider('acme'))
    await scheduled.clock.pass(2 * minute)
    scheduled.clock.set(-24 * 60 * minute)
    scheduled.schedule.hint('acme')
    await scheduled.clock.pass(2 * minute)
    expect(scheduled.runs.slice(1)).toEqual([['acme', 'notification', 125]])
  })
})
