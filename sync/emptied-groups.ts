import type { RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import { trusted } from './ledgers.ts'

/*
 * Groups that a rule reads and that lost their last member: kept with the mirror that shows it, until they have members
 * again or what follows from it was approved. A crash, a failed rule or a pause in between does not forget them.
 */

export async function readEmptied(store: RecordReader, provider: string): Promise<readonly string[]> {
  const value = await store.get('provider', [provider, 'emptied'])
  return value === undefined ? [] : trusted<readonly string[]>(value)
}

export function emptiedRecord(provider: string, groupIds: readonly string[]): RecordChange {
  return {
    collection: 'provider',
    key: [provider, 'emptied'],
    value: groupIds.length === 0 ? undefined : [...new Set(groupIds)].sort(),
  }
}

/** Records that make what is kept equal to this, by provider. */
export async function emptiedChanges(
  store: RecordReader,
  emptied: ReadonlyMap<string, readonly string[]>,
): Promise<readonly RecordChange[]> {
  const changes: RecordChange[] = []
  for (const [provider, ids] of emptied) {
    const wanted = emptiedRecord(provider, ids)
    const before = await readEmptied(store, provider)
    if (JSON.stringify(before) !== JSON.stringify(wanted.value ?? [])) changes.push(wanted)
  }
  return changes
}
