import type { Json, RecordReader } from '../server/directory/directory-store.ts'
import type { Entry } from '../server/directory/entry.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { PersonSource } from './authentication-source.ts'
import { textValuesOf } from './file-entries.ts'
import type { SourceUser } from './identity.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { type IdentityRecord, trusted } from './ledgers.ts'

/** Every source user that has the identity, in provider order; those of tenants that are not configured come last. */
export async function personSources(
  entryUUID: string,
  { store, config, tenants }: { store: RecordReader; config: Config; tenants: ReadonlyMap<string, string> },
): Promise<readonly PersonSource[]> {
  const providers = config.providers.map(({ id }) => ({ id, tenant: tenants.get(id) ?? id }))
  const found: OrderedSource[] = []
  for await (const { key, value } of store.list('identity')) {
    const source = await sourceOf(entryUUID, key, value, { store, providers })
    if (source !== undefined) found.push(source)
  }
  return inOrder(found)
}

/**
 * The same of somebody who is served, without reading every identity: who is named in the entry. Sources that are gone are
 * left out; they let nobody in.
 */
export async function servedSources(
  entry: Entry,
  { store, providers }: { store: RecordReader; providers: readonly Pick<IdentityProvider, 'id' | 'tenant'>[] },
): Promise<readonly PersonSource[]> {
  const found: OrderedSource[] = []
  for (const text of textValuesOf(entry.attributes, 'rosterdSource')) {
    const colon = text.indexOf(':')
    const tenant = providers.find(({ id }) => id === text.slice(0, Math.max(0, colon)))?.tenant
    if (tenant === undefined) continue
    const key = [tenant, text.slice(colon + 1)]
    const source = await sourceOf(entry.entryUUID, key, await store.get('identity', key), { store, providers })
    if (source !== undefined) found.push(source)
  }
  return inOrder(found)
}

interface OrderedSource {
  readonly order: number
  readonly source: PersonSource
}

/** undefined when the identity is somebody else's. */
async function sourceOf(
  entryUUID: string,
  [tenant = '', id = '']: readonly string[],
  identity: Json | undefined,
  { store, providers }: { store: RecordReader; providers: readonly Pick<IdentityProvider, 'id' | 'tenant'>[] },
): Promise<OrderedSource | undefined> {
  const record = identity === undefined ? undefined : trusted<IdentityRecord>(identity)
  if (record?.entryUUID !== entryUUID || record.kind !== 'user') return undefined
  const ofTenant = providers.filter((provider) => provider.tenant === tenant)
  const mirrored = await Promise.all(ofTenant.map((provider) => store.get('mirror', [provider.id, 'user', id])))
  const index = mirrored.findIndex((user) => user !== undefined)
  const provider = ofTenant[Math.max(0, index)]
  const user = index < 0 ? undefined : mirrored[index]
  const signIn = user === undefined ? undefined : trusted<SourceUser>(user).signIn
  const order = provider === undefined ? Number.POSITIVE_INFINITY : providers.indexOf(provider)
  return { order, source: { provider: provider?.id ?? tenant, id, linked: record.linked, signIn } }
}

function inOrder(found: readonly OrderedSource[]): readonly PersonSource[] {
  return [...found].sort((a, b) => a.order - b.order).map(({ source }) => source)
}
