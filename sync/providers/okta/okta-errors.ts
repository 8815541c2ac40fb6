import type { Attempt } from '../../call-pacer.ts'
import { ProviderError } from '../../provider-error.ts'
import { TokenRequestError } from './access-tokens.ts'
import type { OktaAccess } from './okta-client.ts'
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

export interface FailedCall {
  readonly provider: string
  readonly call: string
  /** Right to name when the answer is 403. */
  readonly permission: string
  readonly access: OktaAccess
  readonly now: Date
}

/** What a failed call means (contract §5, §8.3). */
export function describeOktaFailure(failed: FailedCall, thrown: unknown): OktaFailure {
  if (thrown instanceof TokenRequestError) return describeTokenFailure(failed, thrown)
  const { provider, call, permission, access, now } = failed
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
      error:
        access.kind === 'apiToken'
          ? failure(
              'the API token is invalid, revoked or expired, or its owner was deactivated',
              'Make a new token as an active Read-Only Administrator and configure it.',
            )
          : failure('a new access token is refused too', 'Check that the service app is active.'),
    }
  if (status === 403) {
    const scope = missingScope(answer.headers)
    const who = access.kind === 'apiToken' ? 'the owner of the API token' : 'the service app, by an admin role,'
    return {
      type: 'failed',
      error:
        scope === undefined
          ? failure('permission missing', `Give ${who} the right to ${permission}.`)
          : failure(
              `the scope ${scope} is missing`,
              `Grant it to the service app and name it in oauth.scopes, to ${permission}.`,
            ),
    }
  }
  if (status === 404) return { type: 'vanished' }
  if (status >= 500 || status < 300)
    return { type: 'transient', error: failure('Okta failed', 'It will be tried again at the next run.') }
  return { type: 'failed', error: failure('the request was refused', 'Check orgUrl; otherwise report a bug.') }
}

/** As errors name the request for an access token. */
export const tokenRequest = 'token request'

/** OAuth's own errors (contract §1). Its texts may change, so the advice goes by the code. */
function describeTokenFailure({ provider, access, now }: FailedCall, thrown: TokenRequestError): OktaFailure {
  const { answer, error: code, description } = thrown
  const { status, headers } = answer
  const failure = (what: string, advice: string) =>
    new ProviderError({ provider, call: tokenRequest, status, code, what, advice, cause: thrown })
  if (status === 429)
    return {
      type: 'throttled',
      waitMs: msUntilReset(headers, now),
      error: failure('throttled', 'Run again later or less often.'),
    }
  if (status >= 500 || status < 300)
    return { type: 'transient', error: failure('Okta failed', 'It will be tried again at the next run.') }
  const scopes = access.kind === 'serviceApp' ? access.scopes.join(', ') : ''
  const reason = description === undefined ? '' : `: ${oneLine(description)}`
  return { type: 'failed', error: failure(`Okta gives no access token${reason}`, tokenAdvice(code, scopes)) }
}

function tokenAdvice(code: string | undefined, scopes: string): string {
  switch (code) {
    case 'invalid_client':
      return 'Check oauth.clientId, that the service app is active and has the public key of oauth.privateKeyFile under oauth.keyId, and the clock of this machine.'
    case 'invalid_scope':
      return `Grant the service app every scope asked for (${scopes}), or ask for fewer in oauth.scopes.`
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      return 'Check that oauth.clientId is of an app of type "API Services".'
    default:
      return 'Check orgUrl and the service app.'
  }
}

/** The vendor's text as part of a sentence. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 300)
}

/** From `WWW-Authenticate: Bearer …, error="insufficient_scope", scope="okta.groups.read"`. */
function missingScope(headers: ResponseHeaders | undefined): string | undefined {
  const header = headers?.get('www-authenticate') ?? ''
  return header.includes('insufficient_scope') ? /\bscope="([^"]+)"/.exec(header)?.[1] : undefined
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
