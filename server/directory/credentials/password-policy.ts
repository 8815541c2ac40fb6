import { passwordScore } from './password-strength.ts'

/** Why a password may not be set. LDAP answers and pages are made of the code; the message tells the person what to do. */
export interface PasswordRefusal {
  readonly code: 'tooShort' | 'tooLong' | 'weak' | 'containsName' | 'used'
  readonly message: string
}

export interface PasswordRules {
  /** Characters. */
  readonly minLength: number
  /** Names of the person and of the organization, as they are written. */
  readonly names: readonly string[]
}

/** bcrypt reads no more, and stops at NUL. */
const maxOctets = 72
/** Shorter names are part of too many words. */
const shortestName = 4
/** zxcvbn: 10^8 guesses and more. */
const leastScore = 3

/** What is wrong with a password, of what can be told without the passwords before it. */
export async function passwordRefusal(
  password: string,
  { minLength, names }: PasswordRules,
): Promise<PasswordRefusal | undefined> {
  if (Array.from(password).length < minLength)
    return refusal('tooShort', `Use at least ${minLength} characters; a few words that do not belong together will do.`)
  if (Buffer.byteLength(password) > maxOctets)
    return refusal('tooLong', `Use a shorter password: ${maxOctets} letters at most, fewer when some are accented.`)
  if (password.includes('\0')) return refusal('weak', 'Leave out the NUL character.')
  const folded = fold(password)
  if (names.some((name) => name.length >= shortestName && folded.includes(fold(name))))
    return refusal('containsName', 'Leave out your name, user name, mail address and the name of the organization.')
  if ((await passwordScore(password, names)) < leastScore)
    return refusal('weak', 'Use a password that is harder to guess: add a word or two that have nothing to do with it.')
  return undefined
}

export const usedBefore: PasswordRefusal = refusal('used', 'Use a password that you have not had lately.')

/** What names the person: user name, mail addresses, their local parts, parts of the name, and the organization. */
export function namesIn(attributes: ReadonlyMap<string, readonly unknown[]>, organization: string): readonly string[] {
  const values = (name: string) => (attributes.get(name) ?? []).filter((value) => typeof value === 'string')
  const addresses = [...values('mail'), ...values('userPrincipalName')]
  const written = ['cn', 'displayName', 'givenName', 'sn'].flatMap(values)
  const names = [
    ...values('uid'),
    ...addresses,
    ...addresses.map((address) => address.replace(/@[^@]*$/, '')),
    ...written.flatMap((name) => name.split(/[^\p{L}\p{N}]+/u)),
    organization,
  ]
  return [...new Set(names)].filter((name) => name !== '')
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

function refusal(code: PasswordRefusal['code'], message: string): PasswordRefusal {
  return { code, message }
}
