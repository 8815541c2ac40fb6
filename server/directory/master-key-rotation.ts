import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  addMasterKey,
  dropOlderMasterKeys,
  isOwnMasterKey,
  MasterKeyError,
  type MasterKeySource,
  readMasterKeys,
} from '../runtime/master-key.ts'
import type { Directory } from './directory.ts'
import type { Cause } from './directory-store.ts'
import type { SealedRecords } from './sealed-records.ts'

export interface RotatedKey {
  /** Id of the key that secrets are encrypted with now. */
  readonly keyId: string
  /** How many secrets were encrypted anew. */
  readonly secrets: number
  /** Where older keys still stand that nothing needs any more; null where they are gone already. */
  readonly olderKeysIn: string | null
}

/**
 * Encrypts every secret of the store with another master key. The key made in `dataDir` is replaced by a new one; one that
 * an operator provides is replaced by the operator, who puts the new one before it. At any moment all secrets can be
 * read with the keys on disk. One rotation at a time. Throws {@link MasterKeyError}, having changed nothing that matters.
 */
export async function rotateMasterKey(
  { directory, sealed, source }: { directory: Directory; sealed: SealedRecords; source: MasterKeySource },
  cause: Cause,
): Promise<RotatedKey> {
  const found = await readMasterKeys(source)
  if (found === undefined)
    throw new MasterKeyError(
      (await sealed.problem()) ?? 'there is no master key to replace; one is made with the first secret that is kept',
    )
  const isOwn = isOwnMasterKey(source)
  if (found.older.length === 0 && !isOwn)
    throw new MasterKeyError(
      `${found.current.from} holds one key: put a new one before it, as "openssl rand -base64 32" prints it, and a space between them; a running server reads a variable when it starts, and a file at once`,
    )
  await sealed.reload()
  // Several keys in the file are of a rotation that was interrupted.
  const keys = found.older.length === 0 ? await addMasterKey(source.dataDir, found) : found
  await sealed.reload()
  const first = await reseal()
  await nextTurn()
  // What was encrypted a moment before the key changed is in line by now.
  const secrets = first + (await reseal())
  if (isOwn) await dropOlderMasterKeys(source.dataDir, keys)
  return { keyId: keys.current.id, secrets, olderKeysIn: isOwn ? null : keys.current.from }

  async function reseal(): Promise<number> {
    let count = 0
    await directory.commitFrom(async () => {
      const records = await sealed.resealed()
      count = records.length
      return count === 0 ? undefined : { cause, entries: [], records }
    })
    return count
  }
}
