import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../server/runtime/clock.ts'
import type { BrowserSignInRequest } from './browser-sign-in.ts'

/** A sign-in that a browser has begun. */
export interface SignInAttempt extends BrowserSignInRequest {
  /** Id of the provider that is to answer. */
  readonly provider: string
}

/** Sign-ins under way. They are kept in memory: after a restart one begins again. */
export interface SignInAttempts {
  /** Gives the secret that the browser must bring back; what it had begun before is over. */
  begin(
    what: Pick<SignInAttempt, 'provider' | 'isFresh'>,
    previousSecret: string,
  ): { readonly attempt: SignInAttempt; readonly browserSecret: string }
  /** The attempt that this browser began with this `state`; of use once. undefined for any other. */
  take(browserSecret: string, state: string): SignInAttempt | undefined
}

/** For the sign-in at the provider. */
export const attemptMinutes = 10
const attemptsAtMost = 10_000

interface KeptAttempt {
  readonly provider: string
  readonly isFresh: boolean
  readonly began: Date
}

export function createSignInAttempts(redirectUri: string, clock: Pick<Clock, 'now'>): SignInAttempts {
  /** By SHA-256 of the browser's secret, oldest first. What goes to the provider is made from the secret, and not kept. */
  const attempts = new Map<string, KeptAttempt>()

  function isOver({ began }: KeptAttempt): boolean {
    const age = clock.now().getTime() - began.getTime()
    return age < 0 || age >= attemptMinutes * 60_000
  }

  function forgetOld(): void {
    for (const [key, attempt] of attempts) {
      if (!isOver(attempt) && attempts.size < attemptsAtMost) break
      attempts.delete(key)
    }
  }

  return {
    begin({ provider, isFresh }, previousSecret) {
      attempts.delete(sha256(previousSecret))
      forgetOld()
      const browserSecret = randomBytes(32).toString('base64url')
      const kept = { provider, isFresh, began: clock.now() }
      attempts.set(sha256(browserSecret), kept)
      return { attempt: { ...kept, redirectUri, ...derived(browserSecret) }, browserSecret }
    },
    take(browserSecret, state) {
      const key = sha256(browserSecret)
      const kept = attempts.get(key)
      if (kept === undefined || isOver(kept)) return undefined
      const request = derived(browserSecret)
      // Another site can make the browser come here: its guess does not end what the person began.
      if (!isSame(request.state, state)) return undefined
      attempts.delete(key)
      return { ...kept, redirectUri, ...request }
    },
  }
}

function derived(browserSecret: string): Pick<BrowserSignInRequest, 'state' | 'nonce' | 'verifier'> {
  const value = (name: string) => createHmac('sha256', browserSecret).update(name).digest('base64url')
  return { state: value('state'), nonce: value('nonce'), verifier: value('verifier') }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
