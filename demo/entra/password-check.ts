import type { EntraDirectory } from './directory.ts'
import type { EntraCredentials, EntraUser } from './objects.ts'
import { type SignInErrorCode, SignInRefusal } from './sign-in-error.ts'

const attemptsBeforeLockout = 10
const lockoutMs = 60_000

const outcomes: Readonly<Record<string, SignInErrorCode>> = {
  'password-expired': 50055,
  mfa: 50076,
  'mfa-registration': 50079,
  'conditional-access': 53003,
}

/** The order of the service: account, lockout, password, disabled, further demands. Throws (contract §2.6). */
export function checkPassword(
  directory: EntraDirectory,
  username: string,
  password: string,
  now: Date,
): Readonly<EntraUser> {
  const user = [...directory.users.values()].find(
    (candidate) => candidate.userPrincipalName.toLowerCase() === username.toLowerCase(),
  )
  if (user === undefined || user.userType === 'Guest') throw new SignInRefusal(50034)
  const credentials = directory.credentials(user.id)
  if (credentials.signIn === 'locked' || credentials.lockedUntil > now.getTime()) throw new SignInRefusal(50053)
  if (isFederated(directory, user)) throw new SignInRefusal(50126)
  if (credentials.password === undefined) throw new SignInRefusal(50056)
  if (password !== credentials.password || password !== password.trim()) {
    credentials.wrongAttempts += 1
    if (credentials.wrongAttempts >= attemptsBeforeLockout) {
      credentials.lockedUntil = now.getTime() + lockoutMs
      credentials.wrongAttempts = 0
    }
    throw new SignInRefusal(50126)
  }
  credentials.wrongAttempts = 0
  if (!user.accountEnabled) throw new SignInRefusal(50057)
  const demand = demandOf(credentials)
  if (demand !== undefined) throw new SignInRefusal(demand)
  return user
}

/** What the service asks for beyond a right password; undefined for nothing. */
export function demandOf({ signIn }: EntraCredentials): SignInErrorCode | undefined {
  return typeof signIn === 'number' ? signIn : outcomes[signIn]
}

function isFederated(directory: EntraDirectory, user: Readonly<EntraUser>): boolean {
  const host = user.userPrincipalName.split('@').at(-1)?.toLowerCase()
  return directory.domains.some((domain) => domain.id === host && domain.authenticationType === 'Federated')
}
