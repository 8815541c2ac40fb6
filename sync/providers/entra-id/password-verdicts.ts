import { type PasswordVerdict, unavailable } from '../../password-verdict.ts'
import { describeTokenFailure, later, tokenErrorOf } from './token-errors.ts'

type Statement = Extract<PasswordVerdict, { outcome: 'wrong' | 'refused' }>

/** What codes say of the person or the password (contract §2.6). */
const ofPerson: ReadonlyMap<number, Statement> = new Map<number, Statement>([
  [50126, { outcome: 'wrong', reason: 'wrong password, or the domain is federated without password-hash sync' }],
  [50034, refused('the tenant has no such user; guests sign in at their own organization')],
  [50053, refused('locked by smart lockout, or sign-in from an address that Microsoft takes for malicious')],
  [50055, refused('the password was right and has expired')],
  [50056, refused('the user has no password in the tenant')],
  [50057, refused('the account is disabled')],
  [50072, refused('the password was right; multi-factor authentication has to be set up first')],
  [50074, refused('the password was right; multi-factor authentication is demanded')],
  [50076, refused('the password was right; multi-factor authentication is demanded')],
  [50079, refused('the password was right; multi-factor authentication has to be set up first')],
  [50158, refused('the password was right; another security check is demanded')],
  [53003, refused('a Conditional Access policy blocks the sign-in')],
])

/** Mistakes of the set-up whose cure is another one for password checks than elsewhere. */
const ofSetUp: ReadonlyMap<number, string> = new Map([
  [65001, 'Grant admin consent for the delegated permission User.Read to the application that checks passwords.'],
  [90094, 'Grant admin consent for the delegated permission User.Read to the application that checks passwords.'],
  [
    7000218,
    'Allow public client flows in the app registration, or leave passThroughClientId out and configure a secret.',
  ],
  [9001023, 'Set tenantId to the GUID of the tenant.'],
])

/** OAuth's names of errors that are about who signs in; every other one says nothing of the person. */
const personalErrors = new Set(['invalid_grant', 'interaction_required', 'login_required'])

/** What an error of the token endpoint means for the password that was checked. */
export function verdictOf(provider: string, thrown: unknown): PasswordVerdict {
  const { errorCode, aadsts } = tokenErrorOf(thrown)
  const failure = describeTokenFailure(provider, thrown)
  // 429 and 5xx pass, whatever code comes with them.
  if (errorCode === later) return unavailable(failure.error.message)
  const known = aadsts === undefined ? undefined : ofPerson.get(aadsts)
  if (known !== undefined) return { ...known, reason: `${provider}: ${known.reason} (AADSTS${aadsts})` }
  const cure = ofSetUp.get(errorCode === 'consent_required' ? 65001 : (aadsts ?? 0))
  if (cure !== undefined) {
    const code = aadsts === undefined ? errorCode : `AADSTS${aadsts}`
    return unavailable(`${provider}: passwords cannot be checked (${code}). ${cure}`, true)
  }
  if (failure.kind === 'configuration') return unavailable(failure.error.message, true)
  if (failure.kind === 'temporary' || !personalErrors.has(errorCode ?? '')) return unavailable(failure.error.message)
  const code = aadsts === undefined ? errorCode : `AADSTS${aadsts}`
  return refused(`${provider}: the sign-in was refused (${code})`)
}

export function refused(reason: string): Statement {
  return { outcome: 'refused', reason }
}
