import type { Administration } from '../admin/administration.ts'
import type { Operation } from './operation.ts'
import { adminOperations } from './operations/admins.ts'
import { binderOperations } from './operations/binders.ts'
import { enrollmentOperations } from './operations/enrollments.ts'
import { groupOperations } from './operations/groups.ts'
import { logOperations } from './operations/logs.ts'
import { providerOperations } from './operations/providers.ts'
import { serverOperations } from './operations/server.ts'
import { syncOperations } from './operations/sync.ts'
import { tokenOperations } from './operations/tokens.ts'
import { userOperations } from './operations/users.ts'

const areas = [
  providerOperations,
  syncOperations,
  userOperations,
  groupOperations,
  enrollmentOperations,
  binderOperations,
  logOperations,
  adminOperations,
  tokenOperations,
  serverOperations,
]

/** Every operation of the API. */
export function operations(services: Administration): readonly Operation[] {
  return areas.flatMap((area) => area(services))
}
