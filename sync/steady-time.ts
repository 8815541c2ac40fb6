import type { Clock } from '../server/runtime/clock.ts'

/**
 * Milliseconds that only go forward, by a clock that may be set: what lies between two readings counts for no less than
 * nothing and no more than `longestStepMs`. Read it at least that often.
 */
export function steadyTime(clock: Pick<Clock, 'now'>, longestStepMs: number): () => number {
  let steady = 0
  let last = clock.now().getTime()
  return () => {
    const now = clock.now().getTime()
    steady += Math.min(Math.max(now - last, 0), longestStepMs)
    last = now
    return steady
  }
}
