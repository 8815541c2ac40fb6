import { join } from 'node:path'
import { expect } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import type { ConfiguredFolder } from '../builders/command-line.ts'
import { entraSettings, oktaSettings, openSync, servedEntries } from '../sync/sync-fixture.ts'

/** Entries by DN, without times. */
type Served = Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>>

/** What the store holds; it must be whole. */
export async function servedBy({ path }: ConfiguredFolder): Promise<Served> {
  await using store = await openLevelStore(join(path, 'data', 'db'))
  expect(await store.verify()).toEqual([])
  const served: Record<string, Record<string, readonly unknown[]>> = {}
  for await (const { dn, entryUUID, attributes } of store.entries())
    served[dn] = { entryUUID: [entryUUID], ...Object.fromEntries(attributes) }
  return served
}

/** What a server that begins now would serve. */
export async function truth(tenants: SimulatedTenants): Promise<Served> {
  const fresh = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
  for (const id of ['contoso', 'acme'])
    expect(await fresh.engine.run(id, { trigger: 'truth' })).toMatchObject({ outcome: 'applied' })
  return servedEntries(fresh.directory)
}

/** Of one provider, in an order that is always the same. */
export function entriesOf(served: Served, provider: string) {
  return Object.entries(served)
    .filter(([, { rosterdSource }]) => String(rosterdSource?.[0]).startsWith(`${provider}:`))
    .map(([dn, { createTimestamp, modifyTimestamp, ...values }]) => {
      expect([createTimestamp?.length, modifyTimestamp?.length]).toEqual([1, 1])
      return [dn, Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))]
    })
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

/** Numbers by entryUUID: once given they stay. */
export function remember(ids: Map<string, string>, served: Served): void {
  for (const { entryUUID, uidNumber, gidNumber, objectClass } of Object.values(served)) {
    const number = String((objectClass?.includes('posixAccount') ? uidNumber : gidNumber)?.[0])
    const key = String(entryUUID?.[0])
    expect(ids.get(key) ?? number).toBe(number)
    ids.set(key, number)
  }
}
