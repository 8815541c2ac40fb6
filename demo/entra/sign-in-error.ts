import { randomUUID } from 'node:crypto'
import type { ServiceAnswer } from '../https/exchange.ts'

interface SignInErrorKind {
  readonly status: number
  readonly error: string
  readonly text: string
  readonly suberror?: string
}

const invalidGrant = (text: string, suberror?: string): SignInErrorKind => ({
  status: 400,
  error: 'invalid_grant',
  text,
  ...(suberror === undefined ? {} : { suberror }),
})

/** The AADSTS codes the simulator can answer (contract §2.5, §2.6). */
const kinds = {
  50011: invalidGrant('The redirect URI does not match the one of the authorization request.'),
  50034: invalidGrant('The user account {EUII Hidden} does not exist in the directory.'),
  50053: invalidGrant('The account is locked.'),
  50055: invalidGrant('The password is expired.', 'user_password_expired'),
  50056: invalidGrant('Invalid or missing password: password does not exist in the directory for this user.'),
  50057: invalidGrant('The user account is disabled.'),
  50072: invalidGrant('Due to a configuration change you must enroll in multi-factor authentication.', 'basic_action'),
  50074: invalidGrant('Strong authentication is required.', 'basic_action'),
  50076: invalidGrant('You must use multi-factor authentication.', 'basic_action'),
  50079: invalidGrant('You must enroll in multi-factor authentication.', 'basic_action'),
  50126: invalidGrant('Error validating credentials due to invalid username or password.'),
  50158: invalidGrant('External security challenge not satisfied.'),
  50173: invalidGrant(
    'The provided grant has expired due to it being revoked, a fresh auth token is needed.',
    'bad_token',
  ),
  53003: invalidGrant('Access has been blocked by Conditional Access policies.', 'message_only'),
  54005: invalidGrant('OAuth2 Authorization code was already redeemed.'),
  65001: invalidGrant('The user or administrator has not consented to use the application.', 'consent_required'),
  501481: invalidGrant('The Code_Verifier does not match the code_challenge supplied in the authorization request.'),
  530001: invalidGrant('A demand that nobody has heard of yet.'),
  700082: invalidGrant('The refresh token has expired due to inactivity.', 'bad_token'),
  7000112: { status: 400, error: 'unauthorized_client', text: 'Application is disabled.' },
  700016: { status: 400, error: 'unauthorized_client', text: 'Application was not found in the directory.' },
  700027: { status: 401, error: 'invalid_client', text: 'Client assertion failed signature validation.' },
  7000215: { status: 401, error: 'invalid_client', text: 'Invalid client secret provided.' },
  7000218: {
    status: 401,
    error: 'invalid_client',
    text: "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  },
  7000222: { status: 401, error: 'invalid_client', text: 'The provided client secret keys are expired.' },
  70003: { status: 400, error: 'unsupported_grant_type', text: 'The grant type is not supported.' },
  90002: { status: 400, error: 'invalid_request', text: 'Tenant not found.' },
  90014: { status: 400, error: 'invalid_request', text: 'A required field is missing.' },
  90094: { status: 400, error: 'access_denied', text: 'The grant requires admin permission.' },
  90033: { status: 503, error: 'temporarily_unavailable', text: 'A transient error has occurred. Please try again.' },
  1002012: {
    status: 400,
    error: 'invalid_scope',
    text: 'Client credential flows must have a scope value with /.default suffixed to the resource identifier.',
  },
  9001023: {
    status: 400,
    error: 'invalid_request',
    text: 'The grant type is not supported over the /common or /consumers endpoints.',
  },
} satisfies Record<number, SignInErrorKind>

export type SignInErrorCode = keyof typeof kinds

/** Thrown anywhere below the token endpoint, which turns it into an answer (contract §6.2). */
export class SignInRefusal extends Error {
  override readonly name = 'SignInRefusal'
  readonly code: SignInErrorCode

  constructor(code: SignInErrorCode) {
    super(`AADSTS${code}: ${kinds[code].text}`)
    this.code = code
  }
}

export function signInErrorAnswer({ code, message }: SignInRefusal, origin: string, now: Date): ServiceAnswer {
  const kind: SignInErrorKind = kinds[code]
  const traceId = randomUUID()
  const correlationId = randomUUID()
  const timestamp = `${now.toISOString().slice(0, 19).replace('T', ' ')}Z`
  return {
    status: kind.status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store, no-cache' },
    body: {
      error: kind.error,
      error_description: `${message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `${origin}/error?code=${code}`,
      ...(kind.suberror === undefined ? {} : { suberror: kind.suberror }),
    },
  }
}
