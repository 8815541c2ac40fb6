import type { Config } from '../server/runtime/config-schema.ts'
import { containerDns } from './container-entries.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { linkingReadsDomains } from './linking.ts'
import type { ProviderParts } from './provider-parts.ts'
import { createEntraProvider } from './providers/entra-id/entra-provider.ts'
import { createLdifProvider } from './providers/ldif/ldif-provider.ts'
import { createOktaProvider } from './providers/okta/okta-provider.ts'

export interface AllProviderParts extends ProviderParts {
  /** Folder of the configuration file: relative paths begin there. */
  readonly directory: string
}

/** The configured providers, in order. Nothing is read or connected yet. */
export function createProviders(config: Config, parts: AllProviderParts): readonly IdentityProvider[] {
  return config.providers.map((provider) => {
    // Entries of this source are the server's own, and not guarded.
    if (provider.id === 'rosterd') throw new Error('providers: the id "rosterd" is the server\'s own; choose another')
    switch (provider.type) {
      case 'entra':
      case 'office365':
        return createEntraProvider(
          { usernameAttribute: config.naming.usernameAttribute, ...provider },
          { ...parts, linkingReadsDomains: linkingReadsDomains(config, provider) },
        )
      case 'okta':
        return createOktaProvider(provider, parts)
      case 'ldif':
        return createLdifProvider(provider, {
          directory: parts.directory,
          baseDn: config.baseDn,
          existingDns: containerDns(config.baseDn),
        })
      default:
        return provider satisfies never
    }
  })
}
