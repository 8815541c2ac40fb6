import { type AppPasswords, createAppPasswords } from './app-passwords.ts'
import { createDirectoryPasswords, type DirectoryPasswords } from './directory-passwords.ts'
import { createIncidents, type Incidents } from './incidents.ts'
import { createSecondFactors, type SecondFactors } from './second-factors.ts'
import type { SignInContext } from './sign-in-context.ts'

/** Everything that sets or takes away what people sign in with; people are their entryUUIDs. */
export interface Accounts {
  readonly passwords: DirectoryPasswords
  readonly appPasswords: AppPasswords
  readonly secondFactors: SecondFactors
  readonly incidents: Incidents
}

export function createAccounts(context: SignInContext): Accounts {
  return {
    passwords: createDirectoryPasswords(context),
    appPasswords: createAppPasswords(context),
    secondFactors: createSecondFactors(context),
    incidents: createIncidents(context),
  }
}
