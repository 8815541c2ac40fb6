import { DnSyntaxError } from '../protocol/distinguished-name.ts'
import { LdapError, type LdapResult } from '../protocol/ldap-error.ts'
import { ResultCode } from '../protocol/result-code.ts'

export const success: LdapResult = { resultCode: ResultCode.success, matchedDN: '', diagnosticMessage: '' }

/** The one place where what was thrown becomes a response. `reportDefect` hears of what should not have happened. */
export function toResult(error: unknown, reportDefect: (error: unknown) => void): LdapResult {
  if (error instanceof LdapError) return error.toResult()
  if (error instanceof DnSyntaxError)
    return { resultCode: ResultCode.invalidDNSyntax, matchedDN: '', diagnosticMessage: error.message }
  reportDefect(error)
  return { resultCode: ResultCode.other, matchedDN: '', diagnosticMessage: 'internal error' }
}
