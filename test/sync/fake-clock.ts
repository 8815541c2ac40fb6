import type { Clock } from '../../server/runtime/clock.ts'

/** A clock that stands still but for sleeping, which takes no time. */
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
      now += ms
    },
    advance(ms) {
      now += ms
    },
    sleeps,
  }
}
