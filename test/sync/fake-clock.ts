import type { Clock } from '../../server/runtime/clock.ts'

/** A clock that stands still but for sleeping, which takes no time; as with timers, no sleep is over before the clock shows it. */
export interface FakeClock extends Clock {
  advance(ms: number): void
  /** Every sleep so far, milliseconds. */
  readonly sleeps: readonly number[]
}

export function fakeClock(start = '2026-03-01T08:00:00.000Z'): FakeClock {
  let now = Date.parse(start)
  const sleeps: number[] = []
  return {
    now: () => new Date(now),
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      sleeps.push(ms)
      now += Math.ceil(ms)
    },
    advance(ms) {
      now += ms
    },
    sleeps,
  }
}

/** A clock whose sleeps end when the test lets time pass. */
export interface ManualClock extends Clock {
  /** Lets so much time pass, sleeps ending one after the other at their time. */
  pass(ms: number): Promise<void>
  /** Sets the clock forward or back, as an administrator does: sleeps go on undisturbed. */
  set(byMs: number): void
  /** What has passed since the beginning, however the clock was set. */
  readonly elapsedMs: number
}

export function manualClock(start = '2026-03-01T08:00:00.000Z'): ManualClock {
  let elapsed = 0
  let offset = Date.parse(start)
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>()
  /** Everything that follows from what happened so far, but for waits on the network. */
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return {
    now: () => new Date(offset + elapsed),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted()
        const sleeper = { until: elapsed + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason as Error)
        })
      }),
    async pass(ms) {
      const end = elapsed + ms
      for (;;) {
        await settled()
        const [first] = [...sleepers].sort((a, b) => a.until - b.until)
        if (first === undefined || first.until > end) break
        sleepers.delete(first)
        elapsed = Math.max(elapsed, first.until)
        first.wake()
      }
      elapsed = end
    },
    set(byMs) {
      offset += byMs
    },
    get elapsedMs() {
      return elapsed
    },
  }
}
