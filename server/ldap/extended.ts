import { LdapError, type LdapResult } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import type { ExtendedRequest } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { success } from './results.ts'
import type { Session } from './session.ts'

export interface ExtendedOutcome {
  readonly result: LdapResult
  readonly responseName?: string
  readonly responseValue?: Buffer
  /** TLS begins once the response is out (RFC 4511 §4.14). */
  readonly startsTls?: true
}

const operations = new Map<string, (session: Session, request: ExtendedRequest) => ExtendedOutcome>([
  [Oid.startTls, startTls],
  [Oid.whoAmI, whoAmI],
])

export function supportedExtensions(passwordModify: boolean): readonly string[] {
  return [...operations.keys(), ...(passwordModify ? [Oid.passwordModify] : [])]
}

/** All but Password Modify, which takes its time. Throws {@link LdapError} protocolError for an operation that is not supported (RFC 4511 §4.12). */
export function extended(session: Session, request: ExtendedRequest): ExtendedOutcome {
  const operation = operations.get(request.name)
  if (!operation)
    throw new LdapError(ResultCode.protocolError, `extended operation ${request.name.slice(0, 100)} is not supported`)
  return operation(session, request)
}

function startTls(session: Session, request: ExtendedRequest): ExtendedOutcome {
  if (request.value !== undefined) throw new LdapError(ResultCode.protocolError, 'StartTLS takes no value')
  if (session.isSecure) throw new LdapError(ResultCode.operationsError, 'TLS is in place already')
  return { result: success, responseName: Oid.startTls, startsTls: true }
}

/** RFC 4532. */
function whoAmI(session: Session): ExtendedOutcome {
  const { identity } = session
  return { result: success, responseValue: Buffer.from(identity.kind === 'anonymous' ? '' : `dn:${identity.dn}`) }
}
