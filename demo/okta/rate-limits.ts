/** Endpoint groups that have a limit of their own (contract §4). */
export type LimitGroup = 'users' | 'groups' | 'authn' | 'logs' | 'other'

interface Window {
  endsAt: number
  used: number
}

export interface RateLimitState {
  readonly isExceeded: boolean
  readonly headers: Readonly<Record<string, string>>
}

const minuteMs = 60_000

/** Counts calls per minute and endpoint group; limits can be changed at any time. */
export class RateLimits {
  /** Calls per minute. */
  readonly perMinute: Record<LimitGroup, number> = { users: 600, groups: 500, authn: 600, logs: 60, other: 600 }
  /** Password checks per second for one user name. */
  authnPerUserAndSecond = 4
  readonly #windows = new Map<string, Window>()
  readonly #now: () => Date

  constructor(now: () => Date) {
    this.#now = now
  }

  count(group: LimitGroup): RateLimitState {
    return this.#count(group, this.perMinute[group], minuteMs)
  }

  countAuthn(username: string): RateLimitState {
    return this.#count(`authn ${username.toLowerCase()}`, this.authnPerUserAndSecond, 1000)
  }

  /** The state of a 429 that a fault asked for. */
  exceeded(group: LimitGroup): RateLimitState {
    const reset = Math.ceil(this.#now().getTime() / 1000) + 1
    return { isExceeded: true, headers: this.#headers(this.perMinute[group], 0, reset) }
  }

  #count(key: string, limit: number, lengthMs: number): RateLimitState {
    const now = this.#now().getTime()
    const known = this.#windows.get(key)
    const window = known !== undefined && known.endsAt > now ? known : { endsAt: now + lengthMs, used: 0 }
    this.#windows.set(key, window)
    window.used += 1
    const isExceeded = window.used > limit
    return {
      isExceeded,
      headers: this.#headers(limit, Math.max(0, limit - window.used), Math.ceil(window.endsAt / 1000)),
    }
  }

  #headers(limit: number, remaining: number, resetSeconds: number): Record<string, string> {
    return {
      'x-rate-limit-limit': String(limit),
      'x-rate-limit-remaining': String(remaining),
      'x-rate-limit-reset': String(resetSeconds),
      date: this.#now().toUTCString(),
    }
  }
}
