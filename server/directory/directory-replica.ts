import { accountValuesOf } from './account-values.ts'
import { CredentialTable } from './credentials/credential-table.ts'
import type { RecordChange } from './directory-store.ts'
import { createViewBuilder, type NextView } from './directory-view.ts'
import { applyInactiveName } from './inactive-names.ts'
import { type CommitRest, type DirectoryFollower, receivedChanges } from './replication.ts'
import { Schema } from './schema/schema.ts'
import type { ServedDirectory } from './served-directory.ts'

/**
 * A copy of a directory that is kept elsewhere; `finish` resolves when searches see the new state. `onRecord` hears of every
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
  const builder = createViewBuilder(schema, (entryUUID, attribute) => accountValue(entryUUID, attribute))
  let view = builder.empty
  let isFilled = false
  let next: NextView | undefined

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
    async take(batch) {
      next ??= builder.begin(view)
      await next.add(receivedChanges(batch, builder.layouts))
    },
    async finish(rest: CommitRest) {
      view = (await next?.finish()) ?? view
      next = undefined
      for (const record of rest.accounts) {
        credentials.apply(record)
        applyInactiveName(inactiveNames, record)
        onRecord(record)
      }
      for (const { entryUUID, hash } of rest.ntHashes) {
        if (hash === undefined) ntHashes.delete(entryUUID)
        else ntHashes.set(entryUUID, hash)
      }
      isFilled = rest.isFilled
    },
    async discard() {
      next = undefined
    },
  }
  const accountValue = accountValuesOf(served, (entryUUID) => ntHashes.get(entryUUID), now)
  return served
}
