import md4 from 'js-md4'
import { MasterKeyError } from '../../runtime/master-key.ts'
import type { RecordChange, RecordReader } from '../directory-store.ts'
import type { SealedRecords } from '../sealed-records.ts'

/** A person's NT hash as it is served: 32 upper-case hexadecimal digits; undefined when there is none, or none can be read. */
export interface OpenedNtHash {
  readonly entryUUID: string
  readonly hash: string | undefined
}

const purpose = 'nt-hash'

/** MD4 over the password in UTF-16LE (MS-NLMP §3.3.1), as 32 upper-case hexadecimal digits. */
export function ntHash(password: string): string {
  return md4.hex(Buffer.from(password, 'utf16le')).toUpperCase()
}

/** Key of the sealed record. */
export function ntHashKey(entryUUID: string): readonly string[] {
  return [purpose, entryUUID]
}

/** Removes the NT hash of somebody who may have one. */
export function removedNtHash(entryUUID: string): RecordChange {
  return { collection: 'sealed', key: ntHashKey(entryUUID), value: undefined }
}

/** Removes all there are. */
export async function removedNtHashes(store: RecordReader): Promise<readonly RecordChange[]> {
  const changes: RecordChange[] = []
  for await (const { key } of store.list('sealed', [purpose])) changes.push(removedNtHash(key[1] ?? ''))
  return changes
}

/** Those of all people. */
export async function storedNtHashes(
  store: RecordReader,
  sealed: Pick<SealedRecords, 'read'>,
): Promise<readonly OpenedNtHash[]> {
  const found: OpenedNtHash[] = []
  for await (const { key } of store.list('sealed', [purpose])) found.push(await opened(key, sealed))
  return found
}

/** Those that a commit has changed. */
export async function changedNtHashes(
  records: readonly RecordChange[],
  sealed: Pick<SealedRecords, 'read'>,
): Promise<readonly OpenedNtHash[]> {
  const own = records.filter(({ collection, key }) => collection === 'sealed' && key[0] === purpose)
  return await Promise.all(own.map(({ key }) => opened(key, sealed)))
}

async function opened(key: readonly string[], sealed: Pick<SealedRecords, 'read'>): Promise<OpenedNtHash> {
  const [, entryUUID = ''] = key
  try {
    return { entryUUID, hash: await sealed.read(key) }
  } catch (error) {
    // That the master key is missing is said at start and wherever something is sealed; LDAP is answered without.
    if (error instanceof MasterKeyError) return { entryUUID, hash: undefined }
    throw error
  }
}
