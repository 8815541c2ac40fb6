import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { operationsPage } from './operations.ts'

/** What to do when something goes wrong. */
export function operationRoutes(pages: AdminPages): readonly AdminRoute[] {
  return [['GET', '/admin/operations', 'look', operationsPage(pages)]]
}
