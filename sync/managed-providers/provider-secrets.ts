import type { ProviderConfig, SecretSource } from '../../server/runtime/config-schema.ts'

/** The settings with every secret replaced. */
export async function mapSecrets(
  settings: ProviderConfig,
  replace: (source: SecretSource, setting: string) => Promise<SecretSource>,
): Promise<ProviderConfig> {
  const optional = async (source: SecretSource | null, setting: string) =>
    source === null ? null : await replace(source, setting)
  switch (settings.type) {
    case 'ldif':
      return settings
    case 'okta': {
      const { apiToken, eventHook, signIn } = settings
      return {
        ...settings,
        apiToken: await optional(apiToken, 'apiToken'),
        eventHook: eventHook && { secret: await replace(eventHook.secret, 'eventHook.secret') },
        signIn: { ...signIn, clientSecret: await optional(signIn.clientSecret, 'signIn.clientSecret') },
      }
    }
    case 'entra':
    case 'office365': {
      const { signIn } = settings
      const credentials = settings.credentials.map(async (credential, index) =>
        'clientSecret' in credential
          ? {
              ...credential,
              clientSecret: await replace(credential.clientSecret, `credentials[${index}].clientSecret`),
            }
          : credential,
      )
      return {
        ...settings,
        credentials: await Promise.all(credentials),
        signIn: { ...signIn, clientSecret: await optional(signIn.clientSecret, 'signIn.clientSecret') },
      }
    }
    default:
      return settings satisfies never
  }
}

/** Names of the secrets that the store keeps for these settings. */
export async function sealedNames(settings: ProviderConfig): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  await mapSecrets(settings, (source) => {
    if (typeof source === 'object' && 'sealed' in source) names.add(source.sealed)
    return Promise.resolve(source)
  })
  return names
}

/** Whom secrets are shown to. With another, none of those that are kept is used. */
export function addressOf(settings: ProviderConfig): string {
  switch (settings.type) {
    case 'ldif':
      return ''
    case 'okta':
      return settings.orgUrl
    case 'entra':
    case 'office365':
      return [settings.authorityHost, settings.graphUrl, settings.scope, settings.tenantId, settings.clientId].join(' ')
    default:
      return settings satisfies never
  }
}
