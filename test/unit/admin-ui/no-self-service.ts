import type { AdminServerOptions } from '../../../admin-ui/admin-server.ts'
import type { Accounts } from '../../../server/directory/credentials/accounts.ts'
import type { SshKeys } from '../../../server/directory/credentials/ssh-keys.ts'

/** Of a server where nobody has an account: no request gets as far as to change one. */
export const noSelfService: AdminServerOptions['selfService'] = {
  organization: 'Example',
  accounts: {} as Accounts,
  sshKeys: {} as SshKeys,
  sessions: {
    get: async () => undefined,
    set: async () => {},
    update: async () => {},
    delete: async () => {},
    endOf: async () => 0,
  },
  cookieKey: 'of a test',
  clock: { now: () => new Date() },
  signIn: () => ({ places: [], begin: async () => 'failed', complete: async () => undefined }),
  account: async () => undefined,
}
