import type { Administration } from '../admin/administration.ts'
import type { Operation } from './operation.ts'
import { providerOperations } from './operations/providers.ts'
import { tokenOperations } from './operations/tokens.ts'

/** Every operation of the API. */
export function operations(services: Administration): readonly Operation[] {
  return [...providerOperations(services), ...tokenOperations(services)]
}
