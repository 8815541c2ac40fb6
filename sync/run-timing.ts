/** What decides when a provider is read next. Times are milliseconds of one steady clock. */
export interface RunTimes {
  readonly lastStart: number
  readonly lastEnd: number
  /** Runs that failed since the last good one. */
  readonly failures: number
  /** When the first hint came that no run has followed yet. */
  readonly hinted: number | undefined
  /** Near 1: spreads the starts. */
  readonly jitter: number
}

export interface NextRun {
  readonly at: number
  readonly trigger: 'schedule' | 'notification'
}

/** More hints usually follow the first. */
const hintDelayMs = 5000
/** From start to start of runs that follow hints. */
const hintedGapMs = 30_000
const firstRetryMs = 120_000

/**
 * After the interval; sooner after a failure, then later and later up to the interval; soon after a hint. While a provider
 * fails, hints wait for the retry.
 */
export function nextRun(times: RunTimes, intervalMs: number): NextRun {
  const { lastStart, lastEnd, failures, hinted, jitter } = times
  const waitMs = failures === 0 ? intervalMs : Math.min(intervalMs, firstRetryMs * 2 ** (failures - 1))
  const scheduled = { at: lastEnd + waitMs * jitter, trigger: 'schedule' } as const
  if (hinted === undefined || failures > 0) return scheduled
  const followed = Math.max(hinted + hintDelayMs, lastStart + hintedGapMs)
  return followed < scheduled.at ? { at: followed, trigger: 'notification' } : scheduled
}
