import type { Attempt } from '../../call-pacer.ts'
import { ProviderError } from '../../provider-error.ts'
import { msUntilReset, type ResponseHeaders } from './rate-limit.ts'

/** The request went out and no answer came: reset, time-out, name resolution, TLS. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

export type OktaFailure =
  | Extract<Attempt<never>, { type: 'failed' | 'transient' | 'throttled' }>
  | { readonly type: 'vanished' }

/** What a failed call means (contract §5, §8.3). */
export function describeOktaFailure(
  provider: string,
  call: string,
  permission: string,
  thrown: unknown,
  now: Date,
): OktaFailure {
  const answer = readAnswer(thrown)
  const failure = (what: string, advice: string) =>
    new ProviderError({ provider, call, status: answer?.status, code: answer?.code, what, advice, cause: thrown })

  if (answer === undefined) {
    return thrown instanceof NoAnswerError
      ? { type: 'transient', error: failure('no answer from Okta', 'Check the network and orgUrl.') }
      : { type: 'transient', error: failure('the answer was cut short', 'It will be tried again at the next run.') }
  }
  const { status } = answer
  if (status === 429)
    return {
      type: 'throttled',
      waitMs: answer.headers === undefined ? undefined : msUntilReset(answer.headers, now),
      error: failure('throttled', 'Run again later or less often.'),
    }
  if (status === 401)
    return {
      type: 'failed',
      error: failure(
        'the API token is invalid, revoked or expired, or its owner was deactivated',
        'Make a new token as an active Read-Only Administrator and configure it.',
      ),
    }
  if (status === 403)
    return {
      type: 'failed',
      error: failure('permission missing', `Give the owner of the API token the right to ${permission}.`),
    }
  if (status === 404) return { type: 'vanished' }
  if (status >= 500 || status < 300)
    return { type: 'transient', error: failure('Okta failed', 'It will be tried again at the next run.') }
  return { type: 'failed', error: failure('the request was refused', 'Check orgUrl; otherwise report a bug.') }
}

interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly headers: ResponseHeaders | undefined
}

/** OktaApiError and HttpError both carry status and headers; the classes are not compared, so as not to load the SDK. */
function readAnswer(thrown: unknown): Answer | undefined {
  if (typeof thrown !== 'object' || thrown === null || thrown instanceof NoAnswerError) return undefined
  const { status, errorCode, headers } = thrown as Record<string, unknown>
  if (typeof status !== 'number') return undefined
  return {
    status,
    code: typeof errorCode === 'string' ? errorCode : undefined,
    headers: hasGet(headers) ? headers : undefined,
  }
}

function hasGet(value: unknown): value is ResponseHeaders {
  return typeof value === 'object' && value !== null && 'get' in value && typeof value.get === 'function'
}
