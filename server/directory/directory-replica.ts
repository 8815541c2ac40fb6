import { CredentialTable } from './credentials/credential-table.ts'
import { createViewBuilder, type NextView } from './directory-view.ts'
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
  let next: NextView | undefined

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
      next ??= builder.begin(view)
      await next.add(receivedChanges(batch, builder.layouts))
    },
    async finish(rest: CommitRest) {
      view = (await next?.finish()) ?? view
      next = undefined
      for (const record of rest.accounts) credentials.apply(record)
      isFilled = rest.isFilled
    },
    async discard() {
      next = undefined
    },
  }
}
