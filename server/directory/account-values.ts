import { formatGeneralizedTime } from '../protocol/generalized-time.ts'
import type { AccountValues } from './account-attributes.ts'
import { statusRefusal } from './authentication/account-status.ts'
import type { ServedDirectory } from './served-directory.ts'

/** `ntHashOf` gives what is kept; it is served of those only who may sign in with a password alone. */
export function accountValuesOf(
  directory: ServedDirectory,
  ntHashOf: (entryUUID: string) => string | undefined,
  now: () => Date,
): AccountValues {
  return (entryUUID, attribute) => {
    const record = directory.credentials.credential(entryUUID, 'directory')
    if (record?.kind !== 'directory') return undefined
    switch (attribute) {
      case 'pwdChangedTime':
        return formatGeneralizedTime(new Date(record.setAt))
      case 'sambaNTPassword': {
        const hash = ntHashOf(entryUUID)
        const factor = directory.credentials.credential(entryUUID, 'totp')
        const needsCode = factor?.kind === 'totp' && factor.isConfirmed
        if (hash === undefined || needsCode || record.mustChange) return undefined
        return statusRefusal(directory, entryUUID, now()) === undefined ? hash : undefined
      }
      default:
        return attribute satisfies never
    }
  }
}
