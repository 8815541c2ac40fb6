import type { AdminServerOptions } from '../../../admin-ui/admin-server.ts'
import type { Accounts } from '../../../server/directory/credentials/accounts.ts'

/** Of a server where nobody has an account. */
export const noSelfService: AdminServerOptions['selfService'] = {
  organization: 'Example',
  get accounts(): Accounts {
    throw new Error('nobody has an account here')
  },
  sessions: { get: async () => undefined, set: async () => {}, delete: async () => {}, endOf: async () => 0 },
  cookieKey: 'of a test',
  clock: { now: () => new Date() },
  account: async () => undefined,
}
