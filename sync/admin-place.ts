import type { ProviderConfig } from '../server/runtime/config-schema.ts'
import { entraAdminCenter } from './providers/entra-id/admin-center.ts'
import { oktaAdminConsole } from './providers/okta/admin-console.ts'

/** Where somebody is changed who comes from a provider: only there can they be deactivated. */
export interface AdminPlace {
  readonly label: string
  /** null: not known. */
  readonly address: string | null
}

export function adminPlaceOf(provider: ProviderConfig, userId: string): AdminPlace {
  switch (provider.type) {
    case 'entra':
    case 'office365':
      return entraAdminCenter(provider, userId)
    case 'okta':
      return oktaAdminConsole(provider, userId)
    case 'ldif':
      return { label: `file ${provider.path}`, address: null }
    default:
      return provider satisfies never
  }
}
