import type { OpenedNtHash } from './credentials/nt-hash.ts'
import type { RecordChange } from './directory-store.ts'
import type { ViewUpdate } from './memory/view-update.ts'

/** What one commit changes for those who answer from the directory in another thread. */
export interface DirectoryUpdate {
  /** undefined: no entry changes. */
  readonly view: ViewUpdate | undefined
  /** Of the collections that a bind asks for. */
  readonly accounts: readonly RecordChange[]
  readonly ntHashes: readonly OpenedNtHash[]
  readonly isFilled: boolean
}

/** Gets the state of the directory, and then every change of it. What it returns is awaited before a commit counts as done. */
export interface DirectoryFollower {
  take(update: DirectoryUpdate): Promise<void>
}
