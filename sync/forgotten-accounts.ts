import { activityKey } from '../server/directory/authentication/activity-records.ts'
import {
  accountChange,
  activeBlock,
  nothingDecided,
  readAccount,
} from '../server/directory/credentials/credential-records.ts'
import { ntHashKey } from '../server/directory/credentials/nt-hash.ts'
import { totpKey } from '../server/directory/credentials/second-factors.ts'
import type { Collection, RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import { changedLedgers, isForgotten } from './forgetting.ts'
import type { LedgerChanges } from './ledger-changes.ts'
import type { Ledgers } from './ledgers.ts'

/** Where what is kept of a person is. */
const placesOf = (entryUUID: string): readonly (readonly [Collection, ...key: string[]])[] => [
  ['credential', entryUUID],
  ['audit', entryUUID],
  ['sealed', ...totpKey(entryUUID)],
  ['sealed', ...ntHashKey(entryUUID)],
  ['activity', ...activityKey('person', entryUUID)],
  ['throttle', 'account', 'person', entryUUID],
  ['throttle', 'pair', 'person', entryUUID],
]

/**
 * Removes what people signed in with who are forgotten by these changes: everybody all of whose source ids are. A block
 * that holds stays: it is lifted by an administrator, not by an absence.
 */
export async function forgottenAccounts(
  store: RecordReader,
  ledgers: Ledgers,
  changes: LedgerChanges,
  now: Date,
): Promise<readonly RecordChange[]> {
  const forgotten = new Set<string>()
  for (const [key, record] of changes.identities)
    if (record?.kind === 'user' && isForgotten(key)) forgotten.add(record.entryUUID)
  if (forgotten.size === 0) return []
  for (const [key, { entryUUID }] of changedLedgers(ledgers, changes).identities)
    if (!isForgotten(key)) forgotten.delete(entryUUID)
  const found: RecordChange[] = []
  for (const [collection, ...prefix] of [...forgotten].flatMap(placesOf))
    for await (const { key } of store.list(collection, prefix)) found.push({ collection, key, value: undefined })
  for (const entryUUID of forgotten) found.push(await blockAlone(store, entryUUID, now))
  return found
}

async function blockAlone(store: RecordReader, entryUUID: string, now: Date): Promise<RecordChange> {
  const block = activeBlock(readAccount(await store.get('account', [entryUUID])), now)
  return accountChange(entryUUID, { ...nothingDecided, block: block ?? null })
}
