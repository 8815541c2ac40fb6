import type { Config } from '../server/runtime/config-schema.ts'
import type { RecordReader } from '../server/directory/directory-store.ts'
import type { Authorizations } from './authorizations.ts'
import { type CredentialHealth, readCredentialHealth } from './credential-health.ts'
import type { IdentityProvider } from './identity-provider.ts'

export interface ListedCredential extends CredentialHealth {
  /** ISO 8601: when the account was authorized; null for other credentials. */
  readonly authorized: string | null
}

export interface ListedProvider {
  readonly id: string
  readonly type: string
  readonly name: string
  /** In the order in which they are tried. */
  readonly credentials: readonly ListedCredential[]
  /** Whether accounts can be authorized for it. */
  readonly takesAccounts: boolean
}

/** Every provider with its credentials and how they fare. */
export async function listProviders(
  config: Pick<Config, 'providers'>,
  providers: readonly IdentityProvider[],
  { store, authorizations }: { readonly store: RecordReader; readonly authorizations: Authorizations },
): Promise<readonly ListedProvider[]> {
  const health = await readCredentialHealth(store)
  return await Promise.all(
    providers.map(async (provider): Promise<ListedProvider> => {
      const { id, type } = provider
      const authorized = new Map((await authorizations.list(id)).map((one) => [one.id, one]))
      const credentials = ((await provider.credentials?.()) ?? []).map(async (credential) => {
        const { name, kind, purposes, authorizedBy } = credential
        const known = health.find((one) => one.provider === id && one.name === name)
        const authorization = authorized.get(name)
        return {
          name,
          kind,
          purposes,
          authorizedBy,
          lastTried: known?.lastTried ?? null,
          lastSuccess: known?.lastSuccess ?? null,
          ok: authorization?.broken ? false : (known?.ok ?? true),
          problem: authorization?.broken?.reason ?? known?.problem ?? null,
          expires: await credential.expires(),
          authorized: authorization?.authorized ?? null,
        }
      })
      return {
        id,
        type,
        name: config.providers.find((settings) => settings.id === id)?.name ?? id,
        credentials: await Promise.all(credentials),
        takesAccounts: provider.accounts !== undefined,
      }
    }),
  )
}
