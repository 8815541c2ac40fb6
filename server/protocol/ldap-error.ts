import type { ResultCode } from './result-code.ts'

/** LDAPResult without referrals (RFC 4511 §4.1.9). */
export interface LdapResult {
  readonly resultCode: ResultCode
  /** RFC 4514 text; empty when there is none. */
  readonly matchedDN: string
  readonly diagnosticMessage: string
}

/** The one error that becomes a response. Its message is read by the client: it never tells whether an account exists. */
export class LdapError extends Error {
  override readonly name = 'LdapError'
  readonly resultCode: ResultCode
  readonly matchedDN: string

  constructor(resultCode: ResultCode, diagnosticMessage: string, { matchedDN = '' } = {}) {
    super(diagnosticMessage)
    this.resultCode = resultCode
    this.matchedDN = matchedDN
  }

  toResult(): LdapResult {
    return { resultCode: this.resultCode, matchedDN: this.matchedDN, diagnosticMessage: this.message }
  }
}
