import { credentialChange } from '../../server/directory/credentials/credential-records.ts'
import type { RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { SourceUser } from '../identity.ts'
import { type IdentityRecord, trusted } from '../ledgers.ts'

/**
 * Whose password was changed at the provider, or who may not sign in there any more, by the changes of its mirror that are
 * about to be written: nothing kept of their password is to be relied on. Where nothing is kept, the removal still makes
 * void what the LDAP thread found out a moment ago.
 */
export async function outdatedPasswords(
  store: RecordReader,
  tenant: string,
  mirrorChanges: readonly RecordChange[],
): Promise<readonly RecordChange[]> {
  const removals: RecordChange[] = []
  for (const { key, value } of mirrorChanges) {
    const [, type, id = ''] = key
    if (type !== 'user') continue
    const before = await store.get('mirror', key)
    if (before === undefined) continue
    const after = value === undefined ? undefined : trusted<SourceUser>(value)
    if (!isOutdated(trusted<SourceUser>(before), after)) continue
    const identity = await store.get('identity', [tenant, id])
    if (identity !== undefined)
      removals.push(credentialChange(trusted<IdentityRecord>(identity).entryUUID, 'provider', undefined))
  }
  return removals
}

function isOutdated(before: SourceUser, after: SourceUser | undefined): boolean {
  if (after === undefined || !after.signIn.allowed) return true
  return before.passwordChanged !== null && before.passwordChanged !== after.passwordChanged
}
