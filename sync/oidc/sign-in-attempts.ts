import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../server/runtime/clock.ts'
import type { BrowserSignInRequest } from './browser-sign-in.ts'

/** A sign-in that a browser has begun. */
export interface SignInAttempt extends BrowserSignInRequest {
  /** Id of the provider that is to answer. */
  readonly provider: string
}

/**
 * Sign-ins under way. What was begun is kept by the browser alone, so that beginning costs nothing here; after a restart
 * one begins again.
 */
export interface SignInAttempts {
  /** Gives what the browser must bring back. */
  begin(what: Pick<SignInAttempt, 'provider' | 'isFresh'>): {
    readonly attempt: SignInAttempt
    readonly ticket: string
  }
  /** The attempt that this browser began with this `state`; of use once. undefined for any other. */
  take(ticket: string, state: string): SignInAttempt | undefined
}

/** For the sign-in at the provider. */
export const attemptMinutes = 10
const usedAtMost = 100_000

export function createSignInAttempts(redirectUri: string, clock: Pick<Clock, 'now'>): SignInAttempts {
  const key = randomBytes(32)
  /** When each used attempt began, oldest use first. */
  const used = new Map<string, Date>()

  function derived(name: string, ticket: string): string {
    return createHmac('sha256', key).update(`${name} ${ticket}`).digest('base64url')
  }

  function isOver(began: Date): boolean {
    const age = clock.now().getTime() - began.getTime()
    return age < 0 || age >= attemptMinutes * 60_000
  }

  function use(ticket: string, began: Date): boolean {
    for (const [other, time] of used) {
      if (!isOver(time) && used.size < usedAtMost) break
      used.delete(other)
    }
    if (used.has(ticket)) return false
    used.set(ticket, began)
    return true
  }

  /** Nothing of it is in the ticket: the browser learns `state` and `nonce` from the address, and the verifier never. */
  function attemptOf(ticket: string, { provider, isFresh, began }: Begun): SignInAttempt {
    const [state, nonce, verifier] = ['state', 'nonce', 'verifier'].map((name) => derived(name, ticket))
    return { provider, isFresh, began, redirectUri, state: state ?? '', nonce: nonce ?? '', verifier: verifier ?? '' }
  }

  return {
    begin({ provider, isFresh }) {
      const began = clock.now()
      const random = randomBytes(16).toString('base64url')
      const ticket = [random, provider, isFresh ? 'fresh' : 'any', began.getTime()].join('.')
      return { attempt: attemptOf(ticket, { provider, isFresh, began }), ticket }
    },
    take(ticket, state) {
      // Whoever knows the state of a ticket was sent to the provider with it: it is the seal of the ticket, too.
      if (!isSame(derived('state', ticket), state)) return undefined
      const [, provider = '', freshness, began = ''] = ticket.split('.')
      const begun = { provider, isFresh: freshness === 'fresh', began: new Date(Number(began)) }
      if (isOver(begun.began) || !use(ticket, begun.began)) return undefined
      return attemptOf(ticket, begun)
    },
  }
}

type Begun = Pick<SignInAttempt, 'provider' | 'isFresh' | 'began'>

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
