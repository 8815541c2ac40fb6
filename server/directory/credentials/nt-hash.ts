import md4 from 'js-md4'
import type { RecordChange } from '../directory-store.ts'

/** MD4 over the password in UTF-16LE (MS-NLMP §3.3.1), as 32 upper-case hexadecimal digits. */
export function ntHash(password: string): string {
  return md4.hex(Buffer.from(password, 'utf16le')).toUpperCase()
}

/** Key of the sealed record. */
export function ntHashKey(entryUUID: string): readonly string[] {
  return ['nt-hash', entryUUID]
}

/** Removes the NT hash of somebody who may have one. */
export function removedNtHash(entryUUID: string): RecordChange {
  return { collection: 'sealed', key: ntHashKey(entryUUID), value: undefined }
}
