import type { Clock } from '../../../server/runtime/clock.ts'
import { steadyTime } from '../../steady-time.ts'
import { msUntilReset, type ResponseHeaders, usedUpFor } from './rate-limit.ts'

/** Keeps password checks within the rate limits of the org: of all of them per minute, and of one name per second. */
export interface AuthnBudget {
  /** Milliseconds until this name may be asked about; 0: now. */
  closedFor(login: string): number
  /** Takes note of what the headers of an answer say. */
  answered(login: string, status: number, headers: ResponseHeaders): void
}

/** The limit of one name is lifted within a second, to which rounding and {@link msUntilReset} add one each. */
const longestOfOneNameMs = 3000
/** A limit that does not say when it is lifted. */
const unknownMs = 5000
const longestMs = 5 * 60_000

export function createAuthnBudget(share: number, clock: Pick<Clock, 'now'>): AuthnBudget {
  const time = steadyTime(clock, longestMs)
  let closedUntil = 0
  const closedNames = new Map<string, number>()

  return {
    closedFor(login) {
      const now = time()
      return Math.max(closedUntil - now, (closedNames.get(login) ?? 0) - now, 0)
    },
    answered(login, status, headers) {
      const isThrottled = status === 429
      const waitMs = isThrottled ? msUntilReset(headers, clock.now()) : usedUpFor(headers, share, clock.now())
      if (waitMs === undefined && !isThrottled) return
      const now = time()
      if (waitMs !== undefined && waitMs > longestOfOneNameMs) {
        closedUntil = Math.max(closedUntil, now + Math.min(waitMs, longestMs))
        return
      }
      for (const [name, until] of closedNames) if (until <= now) closedNames.delete(name)
      closedNames.set(login, now + (waitMs ?? unknownMs))
    },
  }
}
