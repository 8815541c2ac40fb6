import { readStoredPassword, type StoredPassword } from '../authentication/password-hash.ts'
import type { Collection, RecordChange } from '../directory-store.ts'
import { type AccountRecord, type CredentialRecord, readAccount, readCredential } from './credential-records.ts'

/** Collections that a bind asks for. */
export const accountCollections: ReadonlySet<Collection> = new Set(['credential', 'account'])

/** What people sign in with, in memory, so that a bind asks no disk. */
export class CredentialTable {
  private readonly byEntry = new Map<string, Map<string, CredentialRecord>>()
  private readonly accounts = new Map<string, AccountRecord>()

  /** Takes in a change of {@link accountCollections}. */
  apply({ collection, key, value }: RecordChange): void {
    const [entryUUID = '', id = ''] = key
    if (collection === 'account') {
      const account = readAccount(value)
      if (account) this.accounts.set(entryUUID, account)
      else this.accounts.delete(entryUUID)
      return
    }
    const record = readCredential(value)
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

  /** Passwords that are checked as they are typed. */
  *passwordsOf(entryUUID: string): Generator<StoredPassword> {
    for (const record of this.byEntry.get(entryUUID)?.values() ?? []) {
      if (record.kind !== 'directory' && record.kind !== 'imported') continue
      const stored = readStoredPassword(record.hash)
      if (stored) yield stored
    }
  }
}
