import type { AdminServerOptions } from '../../../admin-ui/admin-server.ts'
import type { SyncServices } from '../../../admin-ui/admin/sync/services.ts'
import type { PeopleServices } from '../../../admin-ui/admin/people/services.ts'
import type { Administrators } from '../../../server/directory/administrators/administrators.ts'

/** Of a server that nobody administers: no request gets further than the sign-in. */
export const noAdministration: AdminServerOptions['administration'] = {
  organization: 'Example',
  publicUrl: 'http://localhost:8080',
  administrators: {} as Administrators,
  adminsSignIn: { places: [], begin: async () => 'failed', complete: async () => undefined },
  sessions: { get: async () => undefined, set: async () => {}, update: async () => {}, delete: async () => {} },
  cookieKey: 'of a test',
  clock: { now: () => new Date() },
  binders: {} as AdminServerOptions['administration']['binders'],
  clients: {} as AdminServerOptions['administration']['clients'],
  clientHappenings: {} as AdminServerOptions['administration']['clientHappenings'],
  people: {} as PeopleServices,
  logs: { keptDays: 30, operations: async function* () {} },
  notReady: () => [],
  writeProblem: () => undefined,
  providers: async () => [],
  figures: async () => ({ people: 0, groups: 0, notServed: 0 }),
  readiness: async () => ({ password: 0, provider: 0, invited: 0, none: 0 }),
  figuresOverTime: async () => [],
  bindRates: () => [],
  certificate: () => undefined,
  configurationFile: () => ({ problems: [], needsRestart: [] }),
  lastBackup: async () => undefined,
  actions: async () => [],
  providerAdministration: {} as AdminServerOptions['administration']['providerAdministration'],
  sync: {} as SyncServices,
  settings: {} as AdminServerOptions['administration']['settings'],
  throttle: {} as AdminServerOptions['administration']['throttle'],
}
