import type { Json, RecordChange } from './directory-store.ts'
import { readStoredPassword, type StoredPassword } from './password-hash.ts'

/** A record of the `credential` collection. `directory` passwords were set here, `imported` ones came with an LDIF file. */
export interface PasswordRecord {
  readonly kind: 'directory' | 'imported'
  readonly hash: string
}

/** The passwords of every entry, in memory, so that a bind asks no disk. */
export class CredentialTable {
  private readonly byEntry = new Map<string, Map<string, StoredPassword>>()

  apply(key: readonly string[], value: Json | undefined): void {
    const [entryUUID = '', id = ''] = key
    const record = readPasswordRecord(value)
    const stored = record && readStoredPassword(record.hash)
    const credentials = this.byEntry.get(entryUUID) ?? new Map<string, StoredPassword>()
    if (stored) credentials.set(id, stored)
    else credentials.delete(id)
    if (credentials.size > 0) this.byEntry.set(entryUUID, credentials)
    else this.byEntry.delete(entryUUID)
  }

  passwordsOf(entryUUID: string): Iterable<StoredPassword> {
    return this.byEntry.get(entryUUID)?.values() ?? []
  }
}

function readPasswordRecord(value: Json | undefined): PasswordRecord | undefined {
  if (typeof value !== 'object' || value === null || !('hash' in value) || typeof value.hash !== 'string')
    return undefined
  return { kind: value['kind'] === 'directory' ? 'directory' : 'imported', hash: value.hash }
}

/** The record change that gives an entry its directory password; it takes the place of the one before. */
export function directoryPassword(entryUUID: string, hash: string): RecordChange {
  return { collection: 'credential', key: [entryUUID, 'directory'], value: { kind: 'directory', hash } }
}
