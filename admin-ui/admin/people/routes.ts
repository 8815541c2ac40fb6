import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { groupsCsv, groupsLdif, groupsPage } from './groups.ts'
import type { PeopleServices } from './services.ts'
import { usersCsv, usersLdif, usersPage } from './users.ts'

/** Users and groups. */
export function peopleRoutes(pages: AdminPages, services: PeopleServices): readonly AdminRoute[] {
  return [
    ['GET', '/admin/users', 'look', usersPage(pages, services)],
    ['GET', '/admin/users.csv', 'look', usersCsv(services)],
    ['GET', '/admin/users.ldif', 'look', usersLdif(services)],
    ['GET', '/admin/groups', 'look', groupsPage(pages, services)],
    ['GET', '/admin/groups.csv', 'look', groupsCsv(services)],
    ['GET', '/admin/groups.ldif', 'look', groupsLdif(services)],
  ]
}
