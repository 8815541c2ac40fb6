import { LdapError } from '../../protocol/ldap-error.ts'
import type { BcryptPool, HashAsker } from '../authentication/bcrypt-pool.ts'
import { ChangeRefused } from '../credentials/change-refused.ts'
import { passwordText } from '../credentials/password-text.ts'

/** Hashes of what is typed into a form. A full queue is a {@link ChangeRefused}, which says nothing of the password. */
export interface AdminHashes {
  compare(typed: string, hash: string, asker?: HashAsker): Promise<boolean>
  hash(typed: string, cost: number): Promise<string>
}

export function adminHashes(pool: Pick<BcryptPool, 'compare' | 'hash'>): AdminHashes {
  return {
    compare: (typed, hash, asker) => orRefused(pool.compare(passwordText(typed), hash, asker)),
    hash: (typed, cost) => orRefused(pool.hash(passwordText(typed), cost)),
  }
}

async function orRefused<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof LdapError)) throw error
    throw new ChangeRefused('Too many passwords are being checked. Try again in a moment.', { cause: error })
  }
}
