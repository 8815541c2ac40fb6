import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { logsCsv, logsPage } from './logs.ts'

/** The log of LDAP. */
export function logRoutes(pages: AdminPages, services: Pick<Administration, 'logs' | 'clock'>): readonly AdminRoute[] {
  return [
    ['GET', '/admin/logs', 'look', logsPage(pages, services)],
    ['GET', '/admin/logs.csv', 'look', logsCsv(services)],
  ]
}
