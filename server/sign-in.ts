import type { SignInServices } from './directory/authentication/sign-in-services.ts'

/** What binds ask of the main thread: each service from the part that knows; one that no part gives lets nobody in. */
export function signInServices(parts: Partial<SignInServices>): SignInServices {
  return {
    checkAtProvider: () => Promise.resolve({ outcome: 'not-asked', reason: 'no provider checks passwords' }),
    redeemCode: () => Promise.resolve(false),
    changePassword: () =>
      Promise.resolve({ changed: false, why: 'not-here', message: 'passwords are not changed over LDAP here' }),
    upgradeImported: () => Promise.resolve(),
    appPasswordKey: () => Promise.resolve(undefined),
    ...parts,
  }
}
