import { LdapError } from '../../protocol/ldap-error.ts'
import type { BcryptPool } from '../authentication/bcrypt-pool.ts'
import { ChangeRefused } from '../credentials/change-refused.ts'

/** Slow hashes for pages: a full queue is a {@link ChangeRefused}, which says nothing of the password. */
export function politeBcrypt(pool: Pick<BcryptPool, 'compare' | 'hash'>): typeof pool {
  return {
    compare: (...parameters) => orRefused(pool.compare(...parameters)),
    hash: (...parameters) => orRefused(pool.hash(...parameters)),
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
