import { createHash } from 'node:crypto'

/** What was answered to a call. */
export interface KeptAnswer {
  readonly status: number
  readonly body: string
}

/**
 * Answers to calls with an `Idempotency-Key`: the same call with the same key, within a day, gets the answer of the first
 * one and does nothing. In memory: answers may hold secrets that are told once. At most {@link mostKept} are kept.
 */
export interface Idempotency {
  /** `scope`: who calls; `call`: all that makes the call what it is. `different`: the key was used for another call. */
  answer(scope: string, key: string, call: string, answer: () => Promise<KeptAnswer>): Promise<KeptAnswer | 'different'>
}

const keptMs = 24 * 3_600_000
const mostKept = 1000

export function createIdempotency(now: () => Date): Idempotency {
  const kept = new Map<
    string,
    { readonly call: string; readonly until: number; readonly answer: Promise<KeptAnswer> }
  >()

  return {
    async answer(scope, key, call, answer) {
      const name = digest([scope, key])
      const digested = digest([call])
      const found = kept.get(name)
      if (found !== undefined && found.until > now().getTime())
        return found.call === digested ? await found.answer : 'different'
      kept.delete(name)
      const given = answer()
      kept.set(name, { call: digested, until: now().getTime() + keptMs, answer: given })
      const [oldest] = kept.keys()
      if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
      try {
        const result = await given
        // What failed here may succeed when it is tried again.
        if (result.status >= 500) kept.delete(name)
        return result
      } catch (error) {
        kept.delete(name)
        throw error
      }
    },
  }
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}
