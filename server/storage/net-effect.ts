import type { EntryChange, RecordChange } from '../directory/directory-store.ts'
import type { Entry } from '../directory/entry.ts'
import { recordKey } from './keys.ts'

/**
 * What a generation leaves behind for each entry it names: the entry, or undefined when it is to be gone. The last
 * change of an entry counts; the order is that of first mention.
 */
export function netEntryEffect(changes: readonly EntryChange[]): Map<string, Entry | undefined> {
  const effect = new Map<string, Entry | undefined>()
  for (const change of changes) {
    if (change.type === 'put') effect.set(change.entry.entryUUID, change.entry)
    else effect.set(change.entryUUID, undefined)
  }
  return effect
}

/** The last change of each record, by its key in binary text (latin1), which sorts as the key does. */
export function netRecordEffect(changes: readonly RecordChange[]): Map<string, RecordChange> {
  const effect = new Map<string, RecordChange>()
  for (const change of changes) effect.set(recordKey(change.collection, change.key).toString('latin1'), change)
  return effect
}
