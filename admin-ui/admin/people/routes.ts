import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { accessReviewCsv } from './access-review.ts'
import { explainPage } from './explain.ts'
import { groupPage } from './group.ts'
import { groupsCsv, groupsLdif, groupsPage } from './groups.ts'
import { userPages } from './user.ts'
import { usersCsv, usersLdif, usersPage } from './users.ts'

/** Users and groups. */
export function peopleRoutes(
  pages: AdminPages,
  services: Pick<Administration, 'people' | 'sync' | 'clock'>,
): readonly AdminRoute[] {
  const { people } = services
  const user = userPages(pages, services)
  return [
    ['GET', '/admin/users', 'look', usersPage(pages, people)],
    ['GET', '/admin/users.csv', 'look', usersCsv(people)],
    ['GET', '/admin/access-review.csv', 'look', accessReviewCsv(people)],
    ['GET', '/admin/users.ldif', 'look', usersLdif(people)],
    ['GET', '/admin/users/:id', 'look', user.show],
    ['POST', '/admin/users/:id/sync', 'directory sync', user.sync],
    ['POST', '/admin/users/:id/invitation', 'users', user.resendInvitation],
    ['POST', '/admin/users/:id/password', 'users', user.resetPassword],
    ['POST', '/admin/users/:id/revoke', 'users', user.revoke],
    ['POST', '/admin/users/:id/block', 'users', user.block],
    ['POST', '/admin/users/:id/unblock', 'users', user.unblock],
    ['POST', '/admin/users/:id/app-passwords/revoke', 'users', user.revokeAppPassword],
    ['POST', '/admin/users/:id/second-factor/remove', 'users', user.removeSecondFactor],
    ['GET', '/admin/explain', 'look', explainPage(pages, people)],
    ['GET', '/admin/groups', 'look', groupsPage(pages, people)],
    ['GET', '/admin/groups.csv', 'look', groupsCsv(people)],
    ['GET', '/admin/groups.ldif', 'look', groupsLdif(people)],
    ['GET', '/admin/groups/:id', 'look', groupPage(pages, people)],
  ]
}
