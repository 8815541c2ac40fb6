import type { RecordReader } from '../../server/directory/directory-store.ts'
import { whyNotVouching } from '../authentication-source.ts'
import type { CurrentDirectory } from '../desired-input.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import type { IdentityProvider } from '../identity-provider.ts'
import { type IdentityRecord, trusted } from '../ledgers.ts'
import { personSources, servedSources } from '../person-sources.ts'

export type FoundPerson = { readonly entryUUID: string } | { readonly entryUUID: undefined; readonly reason: string }

/** Who an immutable id of a provider is here, if that identity may vouch for the person. Names and addresses play no part. */
export async function personOfIdentity(
  { provider, id }: { readonly provider: Pick<IdentityProvider, 'tenant'>; readonly id: string },
  {
    directory,
    config,
    providers,
  }: {
    readonly directory: Pick<CurrentDirectory, 'entryByUuid'> & { readonly store: RecordReader }
    readonly config: Config
    readonly providers: readonly IdentityProvider[]
  },
): Promise<FoundPerson> {
  const { store } = directory
  const { tenant } = provider
  const stored = await store.get('identity', [tenant, id])
  const identity = stored === undefined ? undefined : trusted<IdentityRecord>(stored)
  if (identity?.kind !== 'user') return { entryUUID: undefined, reason: 'nobody here has this identity' }
  const { entryUUID } = identity
  const entry = directory.entryByUuid(entryUUID)
  const tenants = new Map(providers.map((one) => [one.id, one.tenant]))
  const sources =
    entry === undefined
      ? await personSources(entryUUID, { store, config, tenants })
      : await servedSources(entry, { store, providers })
  const reason = whyNotVouching(sources, (source) => source.id === id && tenants.get(source.provider) === tenant)
  return reason === undefined ? { entryUUID } : { entryUUID: undefined, reason }
}
