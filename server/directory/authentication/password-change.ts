import { isUtf8 } from 'node:buffer'
import { LdapError } from '../../protocol/ldap-error.ts'
import { ResultCode } from '../../protocol/result-code.ts'
import type { ServedDirectory } from '../served-directory.ts'
import { statusRefusal } from './account-status.ts'
import type { BindOrigin } from './bind-check.ts'
import type { BindOutcome, BindWatch, Fingerprint } from './bind-watch.ts'
import { splitCode } from './second-factor-code.ts'
import type { PasswordChangeResult, SignInServices } from './sign-in-services.ts'

export interface PasswordChangeRequest {
  readonly entryUUID: string
  /** As at bind: with or without the code of a second factor. */
  readonly oldPassword: Buffer
  /** undefined: one is generated. */
  readonly newPassword: Buffer | undefined
}

/** Sets another password for somebody who is signed in. Throws LdapError busy or unavailable. */
export type ChangePassword = (
  request: PasswordChangeRequest,
  origin: Pick<BindOrigin, 'address' | 'binder'>,
) => Promise<PasswordChangeResult | { readonly refused: string }>

export interface PasswordChangeOptions {
  readonly directory: ServedDirectory
  readonly signIn: Pick<SignInServices, 'changePassword'>
  readonly watch: BindWatch
  readonly fingerprint: Fingerprint
  readonly now: () => Date
}

/** Octets that are worth a look; a message may hold a million. */
const longestPassword = 1024

/** Guesses at the old password count like those of a bind. */
export function createPasswordChange(options: PasswordChangeOptions): ChangePassword {
  const { directory, signIn, watch, fingerprint, now } = options
  /** Judging a new password takes the main thread some time: one at a time for each person. */
  const underWay = new Set<string>()

  async function changed({ entryUUID, ...typed }: PasswordChangeRequest): Promise<PasswordChangeResult> {
    const factor = directory.credentials.credential(entryUUID, 'totp')
    const hasCode = factor?.kind === 'totp' && factor.isConfirmed
    const oldPassword = (hasCode ? splitCode(typed.oldPassword)?.password : undefined) ?? typed.oldPassword
    if (!isUtf8(oldPassword) || oldPassword.length > longestPassword)
      return { changed: false, why: 'wrong-old', message: 'The old password is wrong.' }
    if (typed.newPassword !== undefined && !isUtf8(typed.newPassword))
      return { changed: false, why: 'policy', rule: 'weak', message: 'Use a password that is text in UTF-8.' }
    if (typed.newPassword !== undefined && typed.newPassword.length > longestPassword)
      return { changed: false, why: 'policy', rule: 'too-long', message: 'Use a shorter password.' }
    return await signIn.changePassword({
      entryUUID,
      oldPassword: oldPassword.toString('utf8'),
      newPassword: typed.newPassword?.toString('utf8'),
    })
  }

  return async (request, { address, binder }) => {
    const account = { kind: 'person', id: request.entryUUID } as const
    const attempt = { account, address, binder }
    if (underWay.has(account.id)) throw new LdapError(ResultCode.busy, 'the password is being changed already')
    const throttled = watch.admit(attempt)
    if (throttled !== undefined) return { refused: throttled }
    underWay.add(account.id)
    let outcome: BindOutcome = { outcome: 'undecided' }
    try {
      const status = statusRefusal(directory, request.entryUUID, now())
      if (status !== undefined) return { refused: status }
      const result = await changed(request)
      if (!result.changed && result.why === 'wrong-old')
        outcome = { outcome: 'refused', fingerprint: fingerprint(account, request.oldPassword) }
      return result
    } finally {
      underWay.delete(account.id)
      watch.ended(attempt, outcome)
    }
  }
}
