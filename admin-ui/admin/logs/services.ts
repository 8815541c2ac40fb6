import type { LoggedOperation } from '../../../server/directory/operation-log/logged-operation.ts'

/** What the page of the log asks of the rest of the server. */
export interface LogServices {
  /** Days for which operations are kept. */
  readonly keptDays: number
  /** Latest first, from the one before the number `before`. */
  readonly operations: (before?: number) => AsyncIterable<LoggedOperation>
}
