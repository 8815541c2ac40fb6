import { CredentialTable } from './credentials/credential-table.ts'
import { createViewBuilder, type ViewChange } from './directory-view.ts'
import { type CommitRest, type DirectoryFollower, receivedChanges } from './replication.ts'
import { Schema } from './schema/schema.ts'
import type { ServedDirectory } from './served-directory.ts'

/** A copy of a directory that is kept elsewhere; `finish` resolves when searches see the new state. */
export function createDirectoryReplica(suffix: string): ServedDirectory & DirectoryFollower {
  const schema = new Schema()
  const builder = createViewBuilder(schema)
  const credentials = new CredentialTable()
  let view = builder.empty
  let isFilled = false
  let pending: ViewChange[] = []

  return {
    schema,
    suffix,
    credentials,
    get view() {
      return view
    },
    get isFilled() {
      return isFilled
    },
    async take(batch) {
      pending.push(...receivedChanges(batch, builder.layouts))
    },
    async finish(rest: CommitRest) {
      const changes = pending
      pending = []
      if (changes.length > 0) view = await builder.advance(view, changes)
      for (const record of rest.accounts) credentials.apply(record)
      isFilled = rest.isFilled
    },
  }
}
