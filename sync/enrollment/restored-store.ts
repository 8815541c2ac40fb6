import type { RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import { readOutbox } from '../reporting/outbox.ts'
import { enrollmentChange, readEnrollment } from './enrollment-record.ts'

/*
 * A store that was restored does not know who was invited since: whoever its next run finds may have a mail already.
 */

const mark = 'restored'

/** What a restore changes: nobody is mailed unasked, neither by the next run of a provider nor by what waited in the outbox. */
export async function askFirstRecords(store: RecordReader, now: Date): Promise<readonly RecordChange[]> {
  const records: RecordChange[] = []
  for await (const { key } of store.list('cursor'))
    records.push({ collection: 'provider', key: [key[0] ?? '', mark], value: now.toISOString() })
  for (const { id, item } of await readOutbox(store)) {
    records.push({ collection: 'outbox', key: [id], value: undefined })
    const enrollment = item.kind === 'invitation' ? await readEnrollment(store, item.entryUUID) : undefined
    if (item.kind === 'invitation' && enrollment?.state === 'invited')
      records.push(enrollmentChange(item.entryUUID, { ...enrollment, waiting: true }))
  }
  return records
}

/** Providers that have not been read since the store was restored. */
export async function readRestored(store: RecordReader): Promise<ReadonlySet<string>> {
  const providers = new Set<string>()
  for await (const { key } of store.list('provider')) if (key[1] === mark) providers.add(key[0] ?? '')
  return providers
}

/** The provider has been read. */
export function noLongerRestored(provider: string): RecordChange {
  return { collection: 'provider', key: [provider, mark], value: undefined }
}
