import type { CredentialTable } from './credentials/credential-table.ts'
import type { DirectoryView } from './directory-view.ts'
import type { Schema } from './schema/schema.ts'

/** What is needed to answer from the directory: it changes as a whole, from one view to the next. */
export interface ServedDirectory {
  readonly schema: Schema
  /** RFC 4514 text, as configured. */
  readonly suffix: string
  readonly view: DirectoryView
  /** Every provider has been read at least once. */
  readonly isFilled: boolean
  readonly credentials: CredentialTable
  /** Folded ({@link foldedName}) names of people who are known and not served. */
  readonly inactiveNames: ReadonlySet<string>
}
