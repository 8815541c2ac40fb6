import type { Accounts } from '../../server/directory/credentials/accounts.ts'
import type { SignInState } from '../../server/directory/credentials/sign-in-state.ts'
import type { SshKeys } from '../../server/directory/credentials/ssh-keys.ts'
import type { WebSessions } from '../../server/directory/credentials/web-sessions.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { PeopleSignIn } from '../../sync/oidc/people-sign-in.ts'

/** A person as their own page shows them. */
export interface OwnAccount {
  readonly entryUUID: string
  readonly name: string
  /** undefined: not served yet, because the person has been invited and is not active. */
  readonly dn: string | undefined
  readonly mail: string | undefined
  /** cn of each group, flattened ones included. */
  readonly groups: readonly string[]
  readonly signIn: SignInState
}

/** What the self-service pages ask of the rest of the server. */
export interface SelfService {
  readonly organization: string
  readonly accounts: Pick<Accounts, 'passwords' | 'appPasswords' | 'secondFactors'>
  readonly sshKeys: SshKeys
  readonly sessions: Pick<WebSessions, 'get' | 'set' | 'update' | 'delete' | 'endOf'>
  readonly cookieKey: string
  readonly clock: Pick<Clock, 'now'>
  /** At people's own providers, which may be others from one call to the next. */
  readonly signIn: () => PeopleSignIn
  /** undefined for whom no page is: deleted, disabled or blocked. */
  account(entryUUID: string): Promise<OwnAccount | undefined>
}
