import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import { createCallPacer } from '../../call-pacer.ts'
import type { CredentialPurpose } from '../../credential-health.ts'
import type { ProviderParts } from '../../provider-parts.ts'
import { type ApplicationCredential, applicationCredential, applicationTokens } from './application-credentials.ts'
import { createDelegatedCredentials } from './delegated-credentials.ts'
import type { TokenCredential } from './token-credential.ts'

export interface Credentials {
  /** Every credential in the order of the configuration; authorized accounts stand where it says `delegated`. */
  readonly all: () => Promise<readonly TokenCredential[]>
  /** Those of the application itself. */
  readonly applications: readonly ApplicationCredential[]
  /** Whether accounts can be authorized. */
  readonly takesAccounts: boolean
}

export interface CredentialOptions {
  readonly config: EntraProviderConfig
  /** What an application credential is used for. */
  readonly purposes: readonly CredentialPurpose[]
  readonly scopes: (permissions: readonly string[]) => string[]
  readonly parts: ProviderParts
}

export function createCredentials({ config, purposes, scopes, parts }: CredentialOptions): Credentials {
  const { clock, secret, authorizations } = parts
  // Apart from the pacer of the reads: a read waits for its token while it holds one of their places.
  const pacer = createCallPacer({ clock, maxConcurrent: 1 })
  const places = config.credentials.map((_, index) => applicationCredential(config, index, secret))
  const applications = places.filter((place) => place !== undefined)
  const tokens = new Map(
    applications.map((application) => [application, applicationTokens(config, application, purposes, pacer)]),
  )
  const accounts =
    authorizations && createDelegatedCredentials({ config, authorizations, scopes, applications, pacer, clock })
  return {
    async all() {
      const found = await accounts?.()
      return places.flatMap((place) => (place === undefined ? found : tokens.get(place)) ?? [])
    },
    applications,
    takesAccounts: applications.length < places.length,
  }
}
