import type { CredentialIdentity } from '../../credential-recorder.ts'
import type { ProviderError } from '../../provider-error.ts'
import type { CallContext } from '../../identity-provider.ts'

/** Something the authority gives tokens for. */
export interface TokenCredential extends CredentialIdentity {
  /** As notices name it. */
  readonly label: string
  /** Permissions of Microsoft Graph that its tokens are asked for; undefined where only a call shows what they allow. */
  readonly permissions: readonly string[] | undefined
  /** Why it is not worth asking with, as long as nobody does something about it. */
  readonly broken: ProviderError | undefined
  /** A valid token: the one in memory when there is one that `isUsable`, else a new one. Throws {@link ProviderError}. */
  acquire(context: CallContext, isUsable: (held: string) => boolean): Promise<string>
  /** Hears that Microsoft Graph took its tokens. */
  worked(): Promise<void>
  /** Hears that Microsoft Graph refused a token although it was new; a sign-in may be all that cures it. */
  refused(error: ProviderError, needsSignIn: boolean): Promise<void>
}
