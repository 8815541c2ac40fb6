import { isWanted, type LoggedOperation } from '../../../server/directory/operation-log/logged-operation.ts'
import type { LogQuery } from './inputs.ts'
import type { LogServices } from './services.ts'

/** The operations that a query asks for, latest first. */
export async function* wantedOperations(
  { operations }: Pick<LogServices, 'operations'>,
  query: LogQuery,
): AsyncGenerator<LoggedOperation> {
  for await (const operation of operations(query.before)) if (isWanted(operation, query)) yield operation
}
