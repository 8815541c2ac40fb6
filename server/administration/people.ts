import type { PeopleServices } from '../../admin-ui/admin/people/services.ts'
import { createRoster } from '../../sync/roster/roster.ts'
import type { Entry } from '../directory/entry.ts'
import { formatLdifRecord } from '../protocol/ldif.ts'
import type { Workspace } from '../workspace.ts'

/** What the pages of users and groups ask of the workspace. */
export function peopleServices(workspace: Workspace): PeopleServices {
  const { directory, clock } = workspace
  return {
    roster: createRoster({
      directory,
      settings: () => workspace.config.providers,
      tenants: () => new Map(workspace.providers.map(({ id, tenant }) => [id, tenant])),
      clock,
    }),
    providers: () => workspace.config.providers.map(({ id, name, type }) => ({ id, name, type })),
    ldifOf(entryUUID) {
      const entry = directory.entryByUuid(entryUUID)
      return entry && ldifRecord(entry)
    },
  }
}

function ldifRecord({ dn, entryUUID, attributes }: Entry): string {
  return formatLdifRecord(dn, [...attributes, ['entryUUID', [entryUUID]]])
}
