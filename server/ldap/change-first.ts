import type { Control } from '../protocol/controls.ts'
import type { LdapResult } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import { passwordPolicyControl } from '../protocol/password-policy.ts'
import type { Request } from '../protocol/request-decoder.ts'
import type { ResultExtras } from '../protocol/response-encoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { Session } from './session.ts'

/*
 * A session of somebody who has to set another password first (draft-behera-ldap-password-policy §8.1.2.2): bind, unbind,
 * abandon, StartTLS and Password Modify, and nothing else.
 */

const allowedExtensions: ReadonlySet<string> = new Set([Oid.passwordModify, Oid.startTls])

export function isHeldBack({ passwordChanger }: Session, request: Request): boolean {
  if (passwordChanger === undefined) return false
  switch (request.type) {
    case 'bind':
    case 'unbind':
    case 'abandon':
      return false
    case 'extended':
      return !allowedExtensions.has(request.name)
    default:
      return true
  }
}

/** What is answered instead. */
export const changeFirst: LdapResult = {
  resultCode: ResultCode.insufficientAccessRights,
  matchedDN: '',
  diagnosticMessage: 'the password has to be changed first',
}

export function changeFirstExtras(controls: readonly Control[]): ResultExtras {
  const isAsked = controls.some(({ oid }) => oid === Oid.passwordPolicy)
  return isAsked ? { controls: [passwordPolicyControl('changeAfterReset')] } : {}
}
