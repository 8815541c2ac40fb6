import { BerError, BerReader, Tag } from './ber-reader.ts'
import { element } from './ber-writer.ts'
import { LdapError } from './ldap-error.ts'
import { ResultCode } from './result-code.ts'

/** The request value of Password Modify (RFC 3062 §2). */
export interface PasswordModifyRequest {
  /** Whose password; undefined: of who is bound. */
  readonly userIdentity: string | undefined
  readonly oldPassword: Buffer | undefined
  /** undefined: the server makes one. */
  readonly newPassword: Buffer | undefined
}

/** Throws {@link LdapError} protocolError for a malformed value. None is one without any of its parts. */
export function readPasswordModify(value: Buffer | undefined): PasswordModifyRequest {
  if (value === undefined) return { userIdentity: undefined, oldPassword: undefined, newPassword: undefined }
  try {
    const outer = new BerReader(value)
    const parts = outer.readConstructed(Tag.sequence)
    const part = (tag: number) => (parts.peekTag() === tag ? parts.readOctets(tag) : undefined)
    const userIdentity = part(0x80)?.toString('utf8')
    const request = { userIdentity, oldPassword: part(0x81), newPassword: part(0x82) }
    if (parts.isAtEnd && outer.isAtEnd) return request
  } catch (error) {
    if (!(error instanceof BerError)) throw error
  }
  throw new LdapError(ResultCode.protocolError, 'Password Modify with a malformed value')
}

/** The response value that holds a password which the server made. */
export function generatedPasswordValue(password: string): Buffer {
  return element(Tag.sequence, element(0x80, Buffer.from(password)))
}
