import { Tag } from './ber-reader.ts'
import { element } from './ber-writer.ts'
import { encodeControl } from './controls.ts'
import { Oid } from './oids.ts'

/**
 * The password policy response (draft-behera-ldap-password-policy §6.2): no warning and no error. Sent to clients that ask, which
 * tells them that the policy has nothing to say.
 */
export function passwordPolicyControl(): Buffer {
  return encodeControl(Oid.passwordPolicy, element(Tag.sequence))
}
