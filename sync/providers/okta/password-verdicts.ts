import { type PasswordVerdict, unavailable } from '../../password-verdict.ts'
import type { JsonObject } from '../../identity.ts'
import { isJsonObject, objectField, textField } from '../../record-fields.ts'

/** What an answer to `POST /api/v1/authn` means for the password that was checked (contract §5, §6). */
export function verdictOf(provider: string, status: number, text: string, userId: string): PasswordVerdict {
  const body = parseJson(text)
  if (body === undefined) return unavailable(`${provider}: Okta answered ${status} without JSON`)
  if (status === 200) return verdictOfTransaction(provider, body, userId)
  const code = textField(body, 'errorCode')
  const shown = [status, ...(code !== null && /^\w{1,20}$/.test(code) ? [code] : [])].join(' ')
  if (status === 401 && code === 'E0000004')
    return {
      outcome: 'wrong',
      reason: `${provider}: wrong password, or the account is locked, suspended or unknown (${shown})`,
    }
  switch (status) {
    case 401:
      return unavailable(
        `${provider}: passwords cannot be checked: Okta refuses the API token (${shown}). Make a new one.`,
        true,
      )
    case 403:
      return unavailable(
        `${provider}: passwords cannot be checked: permission missing (${shown}). Check the API token.`,
        true,
      )
    case 429:
      return unavailable(`${provider}: Okta throttles password checks (${shown})`)
    default:
      return status >= 500
        ? unavailable(`${provider}: Okta failed (${shown})`)
        : unavailable(`${provider}: Okta did not take the password check (${shown}). Check orgUrl.`, true)
  }
}

/** Of a right password only `SUCCESS` lets in: everything else waits for somebody who is not there at a bind. */
function verdictOfTransaction(provider: string, body: JsonObject, userId: string): PasswordVerdict {
  const status = textField(body, 'status')
  switch (status) {
    case null:
      return unavailable(`${provider}: Okta answered without a status`)
    case 'SUCCESS':
    case 'PASSWORD_WARN':
      return verdictOfUser(provider, textField(objectField(objectField(body, '_embedded'), 'user'), 'id'), userId)
    case 'MFA_REQUIRED':
    case 'MFA_CHALLENGE':
      return refused(provider, 'the password was right; multi-factor authentication is demanded', status)
    case 'MFA_ENROLL':
    case 'MFA_ENROLL_ACTIVATE':
      return refused(provider, 'the password was right; multi-factor authentication has to be set up first', status)
    case 'PASSWORD_EXPIRED':
      return refused(provider, 'the password was right and has expired', status)
    case 'PASSWORD_RESET':
      return refused(provider, 'the password was right and must be changed first', status)
    case 'LOCKED_OUT':
      return refused(provider, 'the account is locked after too many wrong passwords', status)
    default:
      return refused(
        provider,
        'Okta demands something that is not known here',
        /^\w{1,40}$/.test(status) ? status : 'unreadable status',
      )
  }
}

/** The login may belong to somebody else by now. */
function verdictOfUser(provider: string, found: string | null, userId: string): PasswordVerdict {
  if (found === null) return unavailable(`${provider}: Okta answered without saying whose password it is`)
  if (found === userId) return { outcome: 'right' }
  const reason = `${provider}: the password belongs to another user, who has this login now; a sync is due`
  return { outcome: 'refused', reason }
}

function refused(provider: string, what: string, status: string): PasswordVerdict {
  return { outcome: 'refused', reason: `${provider}: ${what} (${status})` }
}

function parseJson(text: string): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(text)
    return isJsonObject(body) ? body : undefined
  } catch {
    return undefined
  }
}
