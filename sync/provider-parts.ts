import type { Clock } from '../server/runtime/clock.ts'
import type { Authorizations } from './authorizations.ts'
import type { CredentialRecorder } from './credential-recorder.ts'
import type { ReadSecret } from './provider-secret.ts'

/** What the provider of a cloud needs beside its configuration. */
export interface ProviderParts {
  readonly clock: Clock
  /** Reads a secret when it is needed. */
  readonly secret: ReadSecret
  /** Accounts that administrators have authorized; absent where no store is open. */
  readonly authorizations?: Authorizations | undefined
  /** Hears how credentials fare; absent where no store is open. */
  readonly recorder?: CredentialRecorder | undefined
}
