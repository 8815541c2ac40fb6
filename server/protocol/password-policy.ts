import { Tag } from './ber-reader.ts'
import { element, integerElement } from './ber-writer.ts'
import { encodeControl } from './controls.ts'
import { Oid } from './oids.ts'

/** Errors of the password policy response (draft-behera-ldap-password-policy §6.2), by their names there. */
const errors = {
  changeAfterReset: 2,
  passwordModNotAllowed: 3,
  mustSupplyOldPassword: 4,
  insufficientPasswordQuality: 5,
  passwordTooShort: 6,
  passwordInHistory: 8,
  passwordTooLong: 9,
} as const

export type PasswordPolicyError = keyof typeof errors

/** The password policy response, for clients that sent the request. Without an error the policy has nothing to say. */
export function passwordPolicyControl(error?: PasswordPolicyError): Buffer {
  const parts = error === undefined ? [] : [integerElement(0x81, errors[error])]
  return encodeControl(Oid.passwordPolicy, element(Tag.sequence, ...parts))
}
