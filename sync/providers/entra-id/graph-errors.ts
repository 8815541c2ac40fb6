import { GraphError } from '@microsoft/microsoft-graph-client'
import type { Attempt } from '../../call-pacer.ts'
import { parseHttpDate } from '../../http-date.ts'
import { ProviderError } from '../../provider-error.ts'
import type { TokenCredential } from './token-credential.ts'

/** What a failed read means (contract §5.3, §6.1). All but the first are for the caller to answer. */
export type GraphFailure =
  | Extract<Attempt<never>, { type: 'failed' | 'transient' | 'throttled' }>
  | GraphRefusal
  | { readonly type: 'vanished' }
  | { readonly type: 'pageTokenExpired' }
  /** The delta token is of no use any more: everything must be read again. */
  | { readonly type: 'resync' }

/** The credential was refused: its token, its token until somebody signs in again, or for want of a permission. */
export interface GraphRefusal {
  readonly type: 'refused'
  readonly why: 'token' | 'signIn' | 'permission'
  readonly error: ProviderError
}

const resyncCodes: ReadonlySet<string | undefined> = new Set(['syncstatenotfound', 'resyncrequired'])

export interface FailedCall {
  readonly provider: string
  /** As errors name it. */
  readonly call: string
  readonly url: string
  /** Whether the URL is a link that the page before gave. */
  readonly isContinuation: boolean
  readonly permission: string
  /** Whose token the call went out with. */
  readonly credential: Pick<TokenCredential, 'kind' | 'authorizedBy' | 'label'>
  /** What to do when the request is refused; undefined for reads. */
  readonly refusedAdvice?: string | undefined
}

export function describeGraphFailure(
  { provider, call, url, isContinuation, permission, credential, refusedAdvice }: FailedCall,
  thrown: unknown,
  now: Date,
): GraphFailure {
  if (thrown instanceof ProviderError) return { type: 'failed', error: thrown }
  const status = thrown instanceof GraphError ? thrown.statusCode : -1
  const code = thrown instanceof GraphError && typeof thrown.code === 'string' ? thrown.code : undefined
  const failure = (what: string, advice: string) =>
    new ProviderError({ provider, call, status: status > 0 ? status : undefined, code, what, advice, cause: thrown })
  const waitMs = thrown instanceof GraphError ? retryAfterMs(thrown, now) : undefined

  if (status <= 0)
    return { type: 'transient', error: failure('no answer from Microsoft Graph', 'Check the network and graphUrl.') }
  if (status < 300)
    return { type: 'transient', error: failure('the answer was cut short', 'It will be tried again at the next run.') }
  if (status === 429)
    return { type: 'throttled', waitMs, error: failure('throttled', 'Run again later or less often.') }
  if (status === 401) {
    const why = needsSignIn(thrown) ? 'signIn' : 'token'
    const what = `the token of ${credential.label} was refused${why === 'signIn' ? ', a new sign-in is demanded' : ''}`
    return { type: 'refused', why, error: failure(what, tokenAdvice(credential)) }
  }
  if (status === 403) {
    const error = failure('permission missing', permissionAdvice(permission, credential))
    return { type: 'refused', why: 'permission', error }
  }
  if (status === 410 || resyncCodes.has(code?.toLowerCase())) return { type: 'resync' }
  if (status === 404) return { type: 'vanished' }
  if (code?.toLowerCase() === 'directory_expiredpagetoken') return { type: 'pageTokenExpired' }
  if (status >= 500) {
    const error = failure('Microsoft Graph failed', 'It will be tried again at the next run.')
    // 503 with Retry-After is a throttle under another name.
    return waitMs === undefined ? { type: 'transient', error } : { type: 'throttled', waitMs, error }
  }
  // The link is as it was given: what is wrong with it is its token, which belongs to one application and one tenant.
  if (status === 400 && isContinuation) return { type: 'pageTokenExpired' }
  // A delta token the service does not understand is as good as an expired one.
  if (status === 400 && /(\$|%24)deltatoken=/i.test(url)) return { type: 'resync' }
  return {
    type: 'failed',
    error: failure(
      'the request was refused',
      refusedAdvice ?? 'Check graphUrl and the fields that "attributes" and "usernameAttribute" name.',
    ),
  }
}

/** A claims challenge: nothing but a new sign-in meets it (contract §6.1). */
function needsSignIn(thrown: unknown): boolean {
  const headers: unknown = thrown instanceof GraphError ? thrown.headers : undefined
  return headers instanceof Headers && /insufficient_claims/i.test(headers.get('www-authenticate') ?? '')
}

function tokenAdvice({ kind }: FailedCall['credential']): string {
  return kind === 'delegated' ? 'Authorize the account again.' : 'Check the application and its admin consent.'
}

function permissionAdvice(permission: string, { kind, authorizedBy, label }: FailedCall['credential']): string {
  return kind === 'delegated'
    ? `Grant the delegated permission ${permission} and admin consent for it, or authorize an account that may use it (this one is ${authorizedBy ?? 'unknown'}).`
    : `Grant the application permission ${permission} and admin consent for it (asked with ${label}).`
}

/** `Retry-After` in seconds or as a date, which is of the service's clock. */
function retryAfterMs(error: GraphError, now: Date): number | undefined {
  const headers: unknown = error.headers
  const value = headers instanceof Headers ? headers.get('retry-after') : null
  if (value === null) return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = parseHttpDate(value)
  const serverNow = (headers instanceof Headers ? parseHttpDate(headers.get('date')) : undefined) ?? now
  return date === undefined ? undefined : Math.max(0, date.getTime() - serverNow.getTime())
}
