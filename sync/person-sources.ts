import type { RecordReader } from '../server/directory/directory-store.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { PersonSource } from './authentication-source.ts'
import type { SourceUser } from './identity.ts'
import { type IdentityRecord, trusted } from './ledgers.ts'

/** Every source user that has the identity, in provider order; those of tenants that are not configured come last. */
export async function personSources(
  entryUUID: string,
  { store, config, tenants }: { store: RecordReader; config: Config; tenants: ReadonlyMap<string, string> },
): Promise<readonly PersonSource[]> {
  const found: { readonly order: number; readonly source: PersonSource }[] = []
  for await (const { key, value } of store.list('identity')) {
    const [tenant = '', id = ''] = key
    const record = trusted<IdentityRecord>(value)
    if (record.entryUUID !== entryUUID || record.kind !== 'user') continue
    const providers = config.providers.filter((provider) => tenants.get(provider.id) === tenant)
    const mirrored = await Promise.all(providers.map((provider) => store.get('mirror', [provider.id, 'user', id])))
    const index = mirrored.findIndex((user) => user !== undefined)
    const provider = providers[Math.max(0, index)]
    const user = index < 0 ? undefined : mirrored[index]
    const signIn = user === undefined ? undefined : trusted<SourceUser>(user).signIn
    const order = provider === undefined ? Number.POSITIVE_INFINITY : config.providers.indexOf(provider)
    found.push({ order, source: { provider: provider?.id ?? tenant, id, linked: record.linked, signIn } })
  }
  return found.sort((a, b) => a.order - b.order).map(({ source }) => source)
}
