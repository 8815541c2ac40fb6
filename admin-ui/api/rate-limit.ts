/** How often something is done, by key. In memory, and of the keys that were used last: their number has a limit too. */
export interface RateLimit {
  /** Counts one, and gives undefined; or, when there were too many, the seconds after which to come again. */
  take(key: string): number | undefined
}

export interface RateLimitOptions {
  /** So many at once. */
  readonly burst: number
  /** So many in the long run. */
  readonly perSecond: number
  readonly mostKeys: number
}

export function createRateLimit({ burst, perSecond, mostKeys }: RateLimitOptions, now: () => Date): RateLimit {
  /** What is left, and when that was; the key that was used last comes last. */
  const kept = new Map<string, { readonly left: number; readonly at: number }>()
  return {
    take(key) {
      const at = now().getTime()
      const known = kept.get(key) ?? { left: burst, at }
      const seconds = Math.max(0, at - known.at) / 1000
      const left = Math.min(burst, known.left + seconds * perSecond)
      kept.delete(key)
      kept.set(key, { left: left < 1 ? left : left - 1, at })
      const [oldest] = kept.keys()
      if (kept.size > mostKeys && oldest !== undefined) kept.delete(oldest)
      return left < 1 ? Math.ceil((1 - left) / perSecond) : undefined
    },
  }
}
