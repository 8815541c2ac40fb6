import type { CredentialIdentity } from '../../credential-recorder.ts'
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
  /**
   * A valid token, from memory when there is one and no new one is asked for. `insist` asks the authority although the
   * credential is known to be broken. Throws {@link ProviderError}.
   */
  acquire(context: CallContext, how: { readonly renew: boolean; readonly insist?: boolean }): Promise<AcquiredToken>
}
