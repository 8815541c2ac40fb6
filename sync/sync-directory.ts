import type {
  Change,
  CommitResult,
  Generation,
  RecordChange,
  RecordReader,
} from '../server/directory/directory-store.ts'
import type { CurrentDirectory } from './desired-input.ts'

/** The store with its change log. */
export interface LoggedStore extends RecordReader {
  readonly lastChange: number
  changes(after: number): AsyncIterable<Change>
}

/** The directory as sync sees it: entries from memory, records from the store, one way to change both. */
export interface SyncDirectory extends CurrentDirectory {
  readonly store: LoggedStore
  /** Grows with every commit that writes into the collection. */
  revisionOf(collection: RecordChange['collection']): number
  commit(generation: Generation): Promise<CommitResult>
}
