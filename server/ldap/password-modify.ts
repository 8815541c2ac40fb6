import type { Identity } from '../directory/access-control.ts'
import { dnKey, personNamed } from '../directory/authentication/person-names.ts'
import type { PasswordRule } from '../directory/authentication/sign-in-services.ts'
import { isAppPassword } from '../directory/credentials/app-password-format.ts'
import type { Control } from '../protocol/controls.ts'
import { LdapError, type LdapResult } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import { generatedPasswordValue, readPasswordModify } from '../protocol/password-modify.ts'
import { type PasswordPolicyError, passwordPolicyControl } from '../protocol/password-policy.ts'
import type { ExtendedRequest } from '../protocol/request-decoder.ts'
import type { ResultExtras } from '../protocol/response-encoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { success } from './results.ts'
import type { LdapServices } from './services.ts'
import type { Session } from './session.ts'

type Person = Identity & { readonly kind: 'user' }
type Answer = { readonly result: LdapResult } & ResultExtras

/** What a rule that a new password breaks is called by the password policy control. */
const errorOfRule: { readonly [rule in PasswordRule]: PasswordPolicyError } = {
  'too-short': 'passwordTooShort',
  'too-long': 'passwordTooLong',
  weak: 'insufficientPasswordQuality',
  'used-before': 'passwordInHistory',
}

/**
 * Password Modify (RFC 3062): people set their own password, who have signed in with it and say it once more. Whoever could do
 * nothing else has the whole session afterwards. `refused` is told the reason that the client is not.
 */
export async function modifyPassword(
  services: LdapServices,
  session: Session,
  request: ExtendedRequest,
  controls: readonly Control[],
  refused: (reason: string) => void,
): Promise<Answer> {
  const asksForPolicy = controls.some(({ oid }) => oid === Oid.passwordPolicy)
  const answer = (resultCode: ResultCode, diagnosticMessage: string, error?: PasswordPolicyError): Answer => ({
    result: { resultCode, matchedDN: '', diagnosticMessage },
    ...(asksForPolicy ? { controls: [passwordPolicyControl(error)] } : {}),
  })
  const person = whoMayChange(services, session)
  const { userIdentity, oldPassword, newPassword } = readPasswordModify(request.value)
  if (userIdentity !== undefined && !isNamed(services, person, userIdentity))
    return answer(ResultCode.insufficientAccessRights, 'people change their own password only', 'passwordModNotAllowed')
  if (oldPassword === undefined)
    return answer(ResultCode.insufficientAccessRights, 'say the old password too', 'mustSupplyOldPassword')
  const outcome = await services.authenticator.changePassword(
    { entryUUID: person.entryUUID, oldPassword, newPassword },
    { address: session.remoteAddress, binder: session.lastBinder },
  )
  if ('refused' in outcome) {
    refused(outcome.refused)
    return answer(ResultCode.invalidCredentials, '')
  }
  if (!outcome.changed) {
    refused(outcome.message)
    switch (outcome.why) {
      case 'wrong-old':
        return answer(ResultCode.invalidCredentials, '')
      case 'not-here':
        return answer(ResultCode.unwillingToPerform, outcome.message, 'passwordModNotAllowed')
      case 'policy':
        return answer(ResultCode.constraintViolation, outcome.message, errorOfRule[outcome.rule])
      default:
        return outcome satisfies never
    }
  }
  if (session.passwordChanger !== undefined) session.identity = session.passwordChanger
  session.passwordChanger = undefined
  return {
    ...answer(ResultCode.success, ''),
    result: success,
    ...(outcome.generated === undefined ? {} : { responseValue: generatedPasswordValue(outcome.generated) }),
  }
}

/** The person who is signed in with their password over TLS. Throws {@link LdapError} for everybody else. */
function whoMayChange({ passwordModify }: LdapServices, session: Session): Person {
  const { identity, passwordChanger, credential } = session
  if (!passwordModify) throw new LdapError(ResultCode.unwillingToPerform, 'passwords are not changed over LDAP here')
  if (!session.isSecure)
    throw new LdapError(ResultCode.confidentialityRequired, 'send passwords over TLS: use ldaps:// or StartTLS')
  const bound = passwordChanger ?? identity
  if (bound.kind === 'anonymous') throw new LdapError(ResultCode.strongerAuthRequired, 'bind as the person first')
  if (bound.kind === 'binder')
    throw new LdapError(ResultCode.unwillingToPerform, 'the password of a binder is not changed over LDAP')
  if (credential === undefined || isAppPassword(credential))
    throw new LdapError(ResultCode.unwillingToPerform, 'bind with the password, not with an app password')
  return bound
}

/** Whether an authorization identity (RFC 4513 §5.2.1.8), a DN or a name that people bind by is this person. */
function isNamed({ directory }: LdapServices, { entryUUID, dn }: Person, text: string): boolean {
  const key = dnKey(text.replace(/^dn:/i, ''))
  if (key !== undefined) return key === dnKey(dn)
  const slot = personNamed(directory, text.replace(/^u:/i, ''))
  return slot !== undefined && directory.view.entry(slot)?.entryUUID === entryUUID
}
