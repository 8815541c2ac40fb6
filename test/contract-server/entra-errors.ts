import type { EntraFreedoms } from './entra-freedoms.ts'
import { type Ask, httpDate, type Misfortune, type Reply } from './service.ts'
import type { Whims } from './whims.ts'

/** Thrown anywhere below, and sent. */
export class Refusal extends Error {
  readonly reply: Reply
  constructor(reply: Reply) {
    super(`refused with ${reply.status}`)
    this.reply = reply
  }
}

/** Error answers of Microsoft Graph and of the sign-in service. */
export class EntraErrors {
  readonly #freedoms: EntraFreedoms
  readonly #whims: Whims
  readonly #now: () => Date
  readonly #tenantId: string

  constructor(freedoms: EntraFreedoms, whims: Whims, now: () => Date, tenantId: string) {
    this.#freedoms = freedoms
    this.#whims = whims
    this.#now = now
    this.#tenantId = tenantId
  }

  /** The words of Microsoft for a misfortune. */
  word(kind: Exclude<Misfortune, 'cut'>, ask: Ask): Reply | undefined {
    const { url } = ask
    const isSignIn = url.pathname.startsWith(`/${this.#tenantId}/`)
    const wait = this.#retryAfter()
    switch (kind) {
      case 'unavailable':
        return {
          status: 503,
          headers: this.#whims.chance(0.5) ? wait : {},
          body: '<!doctype html><title>503</title>Sorry',
        }
      case 'throttled':
        return isSignIn
          ? { status: 429, headers: wait, body: { error: 'temporarily_unavailable' } }
          : this.of(429, 'TooManyRequests', wait)
      case 'expiredToken':
      case 'unauthorized':
        return isSignIn ? undefined : this.of(401, 'InvalidAuthenticationToken')
      case 'forbidden':
        return isSignIn ? undefined : this.of(403, 'Authorization_RequestDenied')
      case 'expiredCursor':
        if (url.searchParams.has('$skiptoken')) return this.of(400, 'Directory_ExpiredPageToken')
        return (url.searchParams.get('$deltatoken') ?? 'latest') === 'latest' ? undefined : this.lostTrack(ask)
      default:
        return kind satisfies never
    }
  }

  #retryAfter(): Record<string, string> {
    const seconds = this.#whims.between(1, 20)
    switch (this.#freedoms.retryAfter) {
      case 'seconds':
        return { 'retry-after': String(seconds) }
      case 'date':
        return { 'retry-after': httpDate(new Date(this.#now().getTime() + seconds * 1000), this.#freedoms.date) }
      case 'missing':
        return {}
      default:
        return this.#freedoms.retryAfter satisfies never
    }
  }

  lostTrack({ url }: Ask): Reply {
    const location = { location: `${url.origin}/v1.0/users/delta?$deltatoken=` }
    return this.#whims.pick([
      this.of(410, 'syncStateNotFound', location),
      this.of(410, 'Gone', location),
      this.of(400, 'syncStateNotFound'),
      this.of(400, 'resyncRequired'),
    ])
  }

  of(status: number, name: string, headers: Record<string, string> = {}): Reply {
    const { codeCase } = this.#freedoms
    const code = codeCase === 'as-is' ? name : codeCase === 'lower' ? name.toLowerCase() : name.toUpperCase()
    const inner = { date: '2026-02-03T04:05:06', 'request-id': this.#whims.guid() }
    const error = {
      code,
      message: 'Words that change.',
      ...(this.#freedoms.noise ? { target: null, details: [] } : {}),
      innerError: inner,
    }
    return { status, headers, body: { error, ...(this.#freedoms.noise ? { '@odata.context': 'x' } : {}) } }
  }
}
