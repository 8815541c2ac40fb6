import { describe, expect, test } from 'vitest'
import { type Attempt, createCallPacer } from '../../../sync/call-pacer.ts'
import { newTraffic } from '../../../sync/identity-provider.ts'
import { ProviderError } from '../../../sync/provider-error.ts'
import { fakeClock, manualClock } from '../../sync/fake-clock.ts'

const error = new ProviderError({ provider: 'acme', call: 'GET /x', what: 'failed', advice: 'Wait.' })
const done: Attempt<string> = { type: 'done', value: 'ok' }

function pacer(maxConcurrent = 4) {
  const clock = fakeClock()
  const traffic = { calls: 0, throttles: 0, repeats: 0, bytes: 0, notices: [] }
  const stop = new AbortController()
  const paced = createCallPacer({ clock, maxConcurrent, random: () => 1 })
  const call = (...answers: readonly Attempt<string>[]) => {
    const left = [...answers]
    return paced.call({ signal: stop.signal, traffic }, async () => left.shift() ?? done)
  }
  return { clock, traffic, stop, call, paced }
}

describe('a call', () => {
  test('that fails transiently is repeated with growing waits, five attempts in all', async () => {
    const { call, clock, traffic } = pacer()
    const transient: Attempt<string> = { type: 'transient', error }
    expect(await call(transient, transient, transient, transient)).toBe('ok')
    expect(clock.sleeps).toEqual([1000, 2000, 4000, 8000])
    await expect(call(transient, transient, transient, transient, transient)).rejects.toBe(error)
    expect(traffic.repeats).toBe(8)
  })

  test('that fails for good is not repeated', async () => {
    const { call, clock } = pacer()
    await expect(call({ type: 'failed', error })).rejects.toBe(error)
    expect(clock.sleeps).toEqual([])
  })

  test('that is throttled makes the others wait as well', async () => {
    const { call, clock, traffic } = pacer()
    const throttled: Attempt<string> = { type: 'throttled', error, waitMs: 30_000 }
    await call(throttled)
    const start = clock.now().getTime()
    expect(start - Date.parse('2026-03-01T08:00:00Z')).toBeGreaterThanOrEqual(30_000)
    expect(traffic.throttles).toBe(1)
    await expect(call(...Array.from({ length: 11 }, () => throttled))).rejects.toBe(error)
  })

  test('that is told to wait for an hour fails instead', async () => {
    const { call } = pacer()
    await expect(call({ type: 'throttled', error, waitMs: 3_600_000 })).rejects.toBe(error)
  })

  test('waits no longer for a clock that is set back than once more', async () => {
    const clock = manualClock()
    const traffic = newTraffic()
    const paced = createCallPacer({ clock, maxConcurrent: 1, random: () => 1 })
    const answers: Attempt<string>[] = [{ type: 'throttled', error, waitMs: 30_000 }, done]
    const answer = paced.call({ signal: new AbortController().signal, traffic }, async () => answers.shift() ?? done)
    await clock.pass(1000)
    clock.set(-86_400_000)
    await clock.pass(61_000)
    expect(answers).toEqual([])
    expect(await answer).toBe('ok')
  })

  test('ends when the run is aborted', async () => {
    const { call, stop } = pacer()
    stop.abort(new Error('stopped'))
    await expect(call(done)).rejects.toThrow('stopped')
  })
})

test('no more calls are in flight than allowed', async () => {
  const { paced, stop, traffic } = pacer(3)
  let inFlight = 0
  let most = 0
  const one = () =>
    paced.call({ signal: stop.signal, traffic }, async () => {
      most = Math.max(most, ++inFlight)
      await Promise.resolve()
      inFlight--
      return done
    })
  await Promise.all(Array.from({ length: 20 }, one))
  expect(most).toBe(3)
})

test('calls are spread when little is left of the limit', async () => {
  const { call, clock, paced } = pacer()
  paced.spread(500, 10_000)
  for (let n = 0; n < 4; n++) await call(done)
  expect(clock.sleeps).toEqual([500, 500, 500])
})
