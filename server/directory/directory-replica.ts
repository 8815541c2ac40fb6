import { letGoOfShared } from '../runtime/give-back-memory.ts'
import { accountValuesOf } from './account-values.ts'
import { CredentialTable } from './credentials/credential-table.ts'
import type { RecordChange } from './directory-store.ts'
import { DirectoryView } from './directory-view.ts'
import { LayoutTable } from './entry-layout.ts'
import { applyInactiveName } from './inactive-names.ts'
import { updatedView } from './memory/view-update.ts'
import type { DirectoryFollower } from './replication.ts'
import { Schema } from './schema/schema.ts'
import type { ServedDirectory } from './served-directory.ts'

/**
 * A copy of a directory that is kept elsewhere; `take` resolves when searches see the new state. `onRecord` hears of every
 * record that came with it.
 */
export function createDirectoryReplica(
  suffix: string,
  now: () => Date = () => new Date(),
  onRecord: (record: RecordChange) => void = () => undefined,
): ServedDirectory & DirectoryFollower {
  const schema = new Schema()
  const credentials = new CredentialTable()
  const inactiveNames = new Set<string>()
  const ntHashes = new Map<string, string>()
  const layouts = new LayoutTable(schema)
  let view = DirectoryView.empty(schema, layouts.all, (entryUUID, attribute) => accountValue(entryUUID, attribute))
  let isFilled = false

  const served: ServedDirectory & DirectoryFollower = {
    schema,
    suffix,
    credentials,
    inactiveNames,
    get view() {
      return view
    },
    get isFilled() {
      return isFilled
    },
    async take(update) {
      if (update.view) {
        view = updatedView(view, update.view, layouts)
        letGoOfShared(update.view.dropped)
      }
      for (const record of update.accounts) {
        credentials.apply(record)
        applyInactiveName(inactiveNames, record)
        onRecord(record)
      }
      for (const { entryUUID, hash } of update.ntHashes) {
        if (hash === undefined) ntHashes.delete(entryUUID)
        else ntHashes.set(entryUUID, hash)
      }
      isFilled = update.isFilled
    },
  }
  const accountValue = accountValuesOf(served, (entryUUID) => ntHashes.get(entryUUID), now)
  return served
}
