import type { RecordChange, RecordReader } from '../server/directory/directory-store.ts'

/** Removes runs, of one provider or of all that ever had one, that began before that time (ISO 8601). */
export async function outdatedRuns(
  store: Pick<RecordReader, 'list'>,
  before: string,
  provider?: string,
): Promise<readonly RecordChange[]> {
  const changes: RecordChange[] = []
  for await (const { key } of store.list('run', provider === undefined ? [] : [provider])) {
    if ((key[1] ?? '') < before) changes.push({ collection: 'run', key, value: undefined })
    else if (provider !== undefined) break // the oldest of a provider come first
  }
  return changes
}
