import { randomBytes } from 'node:crypto'
import type { ServiceRequest } from '../https/exchange.ts'
import type { OktaDirectory } from './directory.ts'
import type { OktaCredentials, OktaUser } from './objects.ts'
import { authenticationFailed, OktaRefusal } from './okta-error.ts'

export interface PasswordCheckContext {
  readonly directory: OktaDirectory
  readonly origin: string
  readonly now: () => Date
  /** The password policy "show lock-out failures". */
  readonly showsLockout: boolean
}

export interface AuthnRequest {
  readonly username: string
  readonly password: string
  readonly warnBeforePasswordExpired: boolean
}

const attemptsBeforeLockout = 10
const demands: Readonly<Partial<Record<OktaCredentials['signIn'], string>>> = {
  'mfa-challenge': 'MFA_CHALLENGE',
  'mfa-enroll': 'MFA_ENROLL',
  'mfa-enroll-activate': 'MFA_ENROLL_ACTIVATE',
  'unheard-of': 'FACE_REQUIRED',
}
const transactionMs = 5 * 60_000

/** Reads the body of `POST /api/v1/authn`. Throws E0000021 or E0000003. */
export function parseAuthnRequest(request: ServiceRequest): AuthnRequest {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new OktaRefusal(
      415,
      'E0000021',
      'Bad request. Accept and/or Content-Type headers likely do not match supported values.',
    )
  }
  try {
    const body = JSON.parse(request.body) as {
      username?: unknown
      password?: unknown
      options?: Record<string, unknown>
    }
    const { username, password, options } = body // every field is checked before use
    if (typeof username === 'string' && typeof password === 'string') {
      return { username, password, warnBeforePasswordExpired: options?.warnBeforePasswordExpired === true }
    }
  } catch {
    // Answered below like a missing field.
  }
  throw new OktaRefusal(400, 'E0000003', 'The request body was not well-formed.')
}

/** `POST /api/v1/authn`: every outcome of contract §6. Throws E0000004. */
export function checkPassword(context: PasswordCheckContext, request: AuthnRequest): unknown {
  const { directory, showsLockout, origin } = context
  const user = directory.findUser(request.username)
  if (user === undefined || user.id === request.username) throw authenticationFailed()
  if (['STAGED', 'SUSPENDED', 'DEPROVISIONED'].includes(user.status)) throw authenticationFailed()
  if (user.status === 'LOCKED_OUT') {
    if (!showsLockout) throw authenticationFailed()
    const href = `${origin}/api/v1/authn/recovery/unlock`
    return { status: 'LOCKED_OUT', _links: { next: { name: 'unlock', href, hints: { allow: ['POST'] } } } }
  }
  const credentials = directory.credentials(user.id)
  if (credentials.password === undefined) throw authenticationFailed()
  if (credentials.password !== request.password) {
    credentials.wrongAttempts += 1
    if (credentials.wrongAttempts >= attemptsBeforeLockout) {
      credentials.wrongAttempts = 0
      directory.setStatus(user.id, 'LOCKED_OUT')
    }
    throw authenticationFailed()
  }
  credentials.wrongAttempts = 0
  return outcome(context, user, request)
}

function outcome(context: PasswordCheckContext, user: OktaUser, request: AuthnRequest): unknown {
  const { signIn } = context.directory.credentials(user.id)
  const embedded = { user: embeddedUser(user) }
  if (user.status === 'PASSWORD_EXPIRED') return transaction(context, 'PASSWORD_EXPIRED', embedded)
  if (user.status === 'RECOVERY' || signIn === 'password-reset') return transaction(context, 'PASSWORD_RESET', embedded)
  if (signIn === 'mfa-required') {
    const factors = [{ id: 'ost7demoFactorTotp01', factorType: 'token:software:totp', provider: 'OKTA' }]
    return transaction(context, 'MFA_REQUIRED', { ...embedded, factors })
  }
  const demanded = demands[signIn]
  if (demanded !== undefined) return transaction(context, demanded, { ...embedded, factors: [] })
  if (signIn === 'password-warn' && request.warnBeforePasswordExpired)
    return transaction(context, 'PASSWORD_WARN', embedded)
  return {
    expiresAt: expiry(context),
    status: 'SUCCESS',
    sessionToken: randomBytes(24).toString('base64url'),
    _embedded: embedded,
  }
}

function transaction(context: PasswordCheckContext, status: string, embedded: unknown): unknown {
  return { stateToken: randomBytes(24).toString('base64url'), expiresAt: expiry(context), status, _embedded: embedded }
}

function expiry({ now }: PasswordCheckContext): string {
  return new Date(now().getTime() + transactionMs).toISOString()
}

function embeddedUser({ id, passwordChanged, profile }: OktaUser): unknown {
  const { login, firstName, lastName } = profile
  return { id, passwordChanged, profile: { login, firstName, lastName, locale: 'en', timeZone: 'Europe/Berlin' } }
}
