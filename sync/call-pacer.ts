import type { Clock } from '../server/runtime/clock.ts'
import type { CallContext } from './identity-provider.ts'
import type { ProviderError } from './provider-error.ts'
import { steadyTime } from './steady-time.ts'

/** What became of one attempt of a call. */
export type Attempt<T> =
  | { readonly type: 'done'; readonly value: T }
  /** Wrong for good: the run fails. */
  | { readonly type: 'failed'; readonly error: ProviderError }
  /** Worth repeating; `error` is thrown when the attempts are used up. */
  | { readonly type: 'transient'; readonly error: ProviderError; readonly waitMs?: number | undefined }
  /** The service told the whole connection to wait. */
  | { readonly type: 'throttled'; readonly error: ProviderError; readonly waitMs?: number | undefined }

export interface PacerOptions {
  readonly clock: Clock
  /** Calls in flight at once. */
  readonly maxConcurrent: number
  /** Attempts of one call that fail transiently. */
  readonly maxAttempts?: number
  /** Times one call may be throttled. */
  readonly maxThrottles?: number
  /** 0 to 1; spreads waits. */
  readonly random?: () => number
}

export interface CallPacer {
  /**
   * Runs a call until it is done, has failed for good, or its attempts are used up. `attempt` counts the requests it
   * sends in `traffic.calls`; throttles and repeats are counted here.
   */
  call<T>(context: CallContext, attempt: () => Promise<Attempt<T>>): Promise<T>
  /** Lets calls start at least `gapMs` apart for the next `forMs` milliseconds. */
  spread(gapMs: number, forMs: number): void
}

const baseWaitMs = 1000
const longestWaitMs = 60_000
/** A service that asks for more than this is not coming back within the run. */
const longestThrottleMs = 15 * 60_000

/**
 * Paces the calls of one connection: a cap on concurrency, waits that stop every call of the connection when the
 * service asks for it (429), growing waits with jitter after transient failures, and a bound on both.
 */
export function createCallPacer(options: PacerOptions): CallPacer {
  const { clock, maxConcurrent, maxAttempts = 5, maxThrottles = 10, random = Math.random } = options
  // A clock that is set back must not prolong a wait.
  const time = steadyTime(clock, longestThrottleMs)
  const waiting: (() => void)[] = []
  let running = 0
  let closedUntilMs = 0
  let spreadUntilMs = 0
  let gapMs = 0
  let nextStartMs = 0

  async function enter(): Promise<void> {
    if (running < maxConcurrent) {
      running++
      return
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }

  /** Waits while the connection is closed, and for its turn while calls are spread. */
  async function untilOpen(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const now = time()
      if (now < closedUntilMs) {
        await clock.sleep(closedUntilMs - now, signal)
        continue
      }
      if (now >= spreadUntilMs) return
      const start = Math.max(now, nextStartMs)
      nextStartMs = start + gapMs
      if (start > now) await clock.sleep(start - now, signal)
      if (time() >= closedUntilMs) return
    }
  }

  async function call<T>(context: CallContext, attempt: () => Promise<Attempt<T>>): Promise<T> {
    const { signal, traffic, trace } = context
    let failures = 0
    let throttles = 0
    for (;;) {
      await enter()
      let result: Attempt<T>
      try {
        await untilOpen(signal)
        result = await attempt()
      } finally {
        leave()
      }
      signal.throwIfAborted()
      if (result.type === 'done') return result.value
      if (result.type === 'failed') throw result.error
      if (result.type === 'throttled') {
        throttles++
        traffic.throttles++
        const waitMs = result.waitMs ?? growing(throttles)
        if (throttles > maxThrottles || waitMs > longestThrottleMs) throw result.error
        trace?.onRepeat(result.error)
        closedUntilMs = Math.max(closedUntilMs, time() + waitMs + 250 * random())
        continue
      }
      failures++
      if (failures >= maxAttempts) throw result.error
      traffic.repeats++
      trace?.onRepeat(result.error)
      await clock.sleep(Math.min(result.waitMs ?? growing(failures), longestWaitMs), signal)
    }
  }

  /** Full jitter over the upper half: between 0.5 and 1 of base × 2^n. */
  function growing(count: number): number {
    return Math.min(longestWaitMs, baseWaitMs * 2 ** (count - 1)) * (0.5 + random() / 2)
  }

  return {
    call,
    spread(gap, forMs) {
      const now = time()
      gapMs = gap
      spreadUntilMs = now + forMs
      nextStartMs = Math.max(nextStartMs, now)
    },
  }
}
