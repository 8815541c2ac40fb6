import type { Clock } from '../server/runtime/clock.ts'
import { steadyTime } from './steady-time.ts'

const windowMs = 60_000

export interface AttemptLimit {
  /** No more until the minute is over. */
  readonly isReached: boolean
  count(): void
}

/** So many failed attempts in a minute, whoever makes them. */
export function createAttemptLimit(perMinute: number, clock: Pick<Clock, 'now'>): AttemptLimit {
  const time = steadyTime(clock, windowMs)
  let began = 0
  let counted = 0
  const current = () => {
    const now = time()
    if (now - began >= windowMs) [began, counted] = [now, 0]
    return counted
  }
  return {
    get isReached() {
      return current() >= perMinute
    },
    count() {
      counted = current() + 1
    },
  }
}
