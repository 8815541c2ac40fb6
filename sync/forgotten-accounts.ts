import type { Collection, RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import { changedLedgers, isForgotten } from './forgetting.ts'
import type { LedgerChanges } from './ledger-changes.ts'
import type { Ledgers } from './ledgers.ts'

/** What is kept of a person under the entryUUID. */
const aboutPeople: readonly Collection[] = ['credential', 'account', 'audit', 'activity']
/** Purposes of secrets that are sealed for a person. */
const secrets = ['totp', 'nt-hash']

/** Removes what people signed in with who are forgotten by these changes: everybody all of whose source ids are. */
export async function forgottenAccounts(
  store: RecordReader,
  ledgers: Ledgers,
  changes: LedgerChanges,
): Promise<readonly RecordChange[]> {
  const forgotten = new Set<string>()
  for (const [key, record] of changes.identities)
    if (record?.kind === 'user' && isForgotten(key)) forgotten.add(record.entryUUID)
  if (forgotten.size === 0) return []
  for (const [key, { entryUUID }] of changedLedgers(ledgers, changes).identities)
    if (!isForgotten(key)) forgotten.delete(entryUUID)
  const found: RecordChange[] = []
  const remove = async (collection: Collection, prefix: readonly string[]) => {
    for await (const { key } of store.list(collection, prefix)) found.push({ collection, key, value: undefined })
  }
  for (const entryUUID of forgotten) {
    for (const collection of aboutPeople) await remove(collection, [entryUUID])
    for (const purpose of secrets) await remove('sealed', [purpose, entryUUID])
  }
  return found
}
