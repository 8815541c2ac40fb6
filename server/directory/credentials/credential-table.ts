import type { Collection, RecordChange } from '../directory-store.ts'
import { type AccountRecord, type CredentialRecord, readAccount, readCredential } from './credential-records.ts'

/** Collections that a bind asks for. */
export const accountCollections: ReadonlySet<Collection> = new Set([
  'credential',
  'account',
  'binder',
  'inactive-name',
  'throttle',
  'activity',
])

const none: ReadonlyMap<string, CredentialRecord> = new Map()

/** What people sign in with, in memory, so that a bind asks no disk. */
export class CredentialTable {
  private readonly byEntry = new Map<string, Map<string, CredentialRecord>>()
  private readonly accounts = new Map<string, AccountRecord>()
  private readonly versions = new Map<string, number>()

  /** Takes in a change of the `credential` or `account` collection; others are nothing to it. */
  apply({ collection, key, value }: RecordChange): void {
    if (collection !== 'credential' && collection !== 'account') return
    const [entryUUID = '', id = ''] = key
    const record = collection === 'credential' ? readCredential(value) : undefined
    // That a password was right just now makes nothing void.
    if (record?.kind !== 'provider') this.versions.set(entryUUID, this.version(entryUUID) + 1)
    if (collection === 'account') {
      const account = readAccount(value)
      if (account) this.accounts.set(entryUUID, account)
      else this.accounts.delete(entryUUID)
      return
    }
    const credentials = this.byEntry.get(entryUUID) ?? new Map<string, CredentialRecord>()
    if (record) credentials.set(id, record)
    else credentials.delete(id)
    if (credentials.size > 0) this.byEntry.set(entryUUID, credentials)
    else this.byEntry.delete(entryUUID)
  }

  account(entryUUID: string): AccountRecord | undefined {
    return this.accounts.get(entryUUID)
  }

  credential(entryUUID: string, id: string): CredentialRecord | undefined {
    return this.byEntry.get(entryUUID)?.get(id)
  }

  /** By id. */
  credentials(entryUUID: string): ReadonlyMap<string, CredentialRecord> {
    return this.byEntry.get(entryUUID) ?? none
  }

  /**
   * Moves with every change of a credential or of the account record, also with the removal of what was not there: who
   * learns that a password was changed elsewhere makes void what was found out with the old one. It stays when what a
   * provider found right is kept.
   */
  version(entryUUID: string): number {
    return this.versions.get(entryUUID) ?? 0
  }
}
