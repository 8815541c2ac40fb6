import { anonymous } from '../directory/access-control.ts'
import type { AuthenticationResult } from '../directory/authentication/authenticator.ts'
import type { LdapResult } from '../protocol/ldap-error.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import type { BindRequest } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { success } from './results.ts'
import type { LdapServices } from './services.ts'
import type { Session } from './session.ts'

/** What a bind needs to know of its client, and to tell the log. */
export interface BindClient {
  /** It sent the password policy control. */
  readonly knowsPasswordPolicy: boolean
  readonly isGone: () => boolean
  /** A UUID. */
  readonly requestId: string
  /** Is told the reason that the client is not. */
  readonly refused: (reason: string) => void
}

/**
 * Simple bind (RFC 4513 §5.1). The session is anonymous from here on and stays so unless the bind succeeds (RFC 4513 §4).
 * Whoever has to set another password first is let in for that alone. Ends at once where nothing has to be waited for.
 */
export function bind(
  services: LdapServices,
  session: Session,
  request: BindRequest,
  client: BindClient,
): LdapResult | Promise<LdapResult> {
  if (session.identity.kind === 'binder') session.lastBinder = session.identity.name
  session.identity = anonymous
  session.credential = undefined
  session.passwordChanger = undefined
  const { name, authentication } = request
  if (request.version !== 3)
    throw new LdapError(ResultCode.protocolError, `LDAP version ${request.version} is not supported, use 3`)
  if (authentication.type !== 'simple')
    throw new LdapError(ResultCode.authMethodNotSupported, 'only simple bind is supported')
  const { password } = authentication
  if (password.length === 0) {
    if (name === '') return success
    throw new LdapError(ResultCode.unwillingToPerform, 'bind with a name and no password is refused (RFC 4513 §5.1.2)')
  }
  if (!session.isSecure && !mayBindInClear(services, session)) {
    throw new LdapError(ResultCode.confidentialityRequired, 'send passwords over TLS: use ldaps:// or StartTLS')
  }
  const outcome = services.authenticator.authenticate(name, password, {
    address: session.remoteAddress,
    requestId: client.requestId,
    isSecure: session.isSecure,
    binder: session.lastBinder,
    canChangePassword: services.passwordModify && session.isSecure && client.knowsPasswordPolicy,
    isGone: client.isGone,
  })
  return outcome instanceof Promise
    ? outcome.then((found) => settle(session, found, client))
    : settle(session, outcome, client)
}

function settle(session: Session, outcome: AuthenticationResult, client: BindClient): LdapResult {
  if ('refused' in outcome) {
    client.refused(outcome.refused)
    throw new LdapError(ResultCode.invalidCredentials, '')
  }
  if ('unavailable' in outcome) {
    client.refused(outcome.unavailable)
    throw new LdapError(ResultCode.unavailable, 'the password cannot be checked now, try again')
  }
  session.credential = outcome.credential
  if (outcome.mustChange && outcome.identity.kind === 'user') session.passwordChanger = outcome.identity
  else session.identity = outcome.identity
  return success
}

function mayBindInClear({ allowCleartextBind }: LdapServices, session: Session): boolean {
  return allowCleartextBind === 'always' || (allowCleartextBind === 'loopback' && session.isLoopback)
}
