import { GraphError } from '@microsoft/microsoft-graph-client'
import type { Attempt } from '../../call-pacer.ts'
import { ProviderError } from '../../provider-error.ts'

/** What a failed read means (contract §5.3, §6.1). The last four are for the caller to answer. */
export type GraphFailure =
  | Extract<Attempt<never>, { type: 'failed' | 'transient' | 'throttled' }>
  | { readonly type: 'unauthorized'; readonly error: ProviderError }
  | { readonly type: 'vanished' }
  | { readonly type: 'pageTokenExpired' }
  /** The delta token is of no use any more: everything must be read again. */
  | { readonly type: 'resync' }

const resyncCodes: ReadonlySet<string | undefined> = new Set(['syncstatenotfound', 'resyncrequired'])

export interface FailedCall {
  readonly provider: string
  /** As errors name it. */
  readonly call: string
  readonly url: string
  /** How to grant the permission that the call needs. */
  readonly permissionAdvice: string
  /** What to do when the request is refused; undefined for reads. */
  readonly refusedAdvice?: string | undefined
}

export function describeGraphFailure(
  { provider, call, url, permissionAdvice, refusedAdvice }: FailedCall,
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
  if (status === 401)
    return {
      type: 'unauthorized',
      error: failure('the token was refused', 'Check the application and its admin consent.'),
    }
  if (status === 403)
    return {
      type: 'failed',
      error: failure('permission missing', permissionAdvice),
    }
  if (status === 410 || resyncCodes.has(code?.toLowerCase())) return { type: 'resync' }
  if (status === 404) return { type: 'vanished' }
  if (code === 'Directory_ExpiredPageToken') return { type: 'pageTokenExpired' }
  if (status >= 500) {
    const error = failure('Microsoft Graph failed', 'It will be tried again at the next run.')
    // 503 with Retry-After is a throttle under another name.
    return waitMs === undefined ? { type: 'transient', error } : { type: 'throttled', waitMs, error }
  }
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

/** `Retry-After` in seconds or as a date. */
function retryAfterMs(error: GraphError, now: Date): number | undefined {
  const headers: unknown = error.headers
  const value = headers instanceof Headers ? headers.get('retry-after') : null
  if (value === null) return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime())
}
