import type { CredentialIdentity } from '../../credential-recorder.ts'
import type { ProviderError } from '../../provider-error.ts'
import type { Traffic } from '../../identity-provider.ts'

export interface CallContext {
  readonly signal: AbortSignal
  readonly traffic: Traffic
}

/** A token, and whether the authority was asked for it just now. */
export interface AcquiredToken {
  readonly token: string
  readonly isNew: boolean
}

/** Something the authority gives tokens for. */
export interface TokenCredential extends CredentialIdentity {
  /** As notices name it. */
  readonly label: string
  /** Why it is not worth asking with, as long as nobody does something about it. */
  readonly broken: ProviderError | undefined
  /** A valid token, from memory when there is one and `renew` does not ask for a new one. Throws {@link ProviderError}. */
  acquire(context: CallContext, renew: boolean): Promise<AcquiredToken>
}
