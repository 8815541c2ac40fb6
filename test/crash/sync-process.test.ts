import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { type ConfiguredFolder, configuredFolder, rosterd } from '../builders/command-line.ts'
import { changeAgain, changeSmallTenants, fillSmallTenants, unlimited } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings, openSync, servedEntries, startTrustedTenants } from '../sync/sync-fixture.ts'
import { randomFrom } from './scenario.ts'

// A process that syncs two tenants is killed at any moment of its run: while it starts, reads, plans or applies. After each
// kill the store is whole, every provider's entries are those of one moment, never earlier than before, nobody has other
// ids than before; and the next run that is left alone brings the truth.

const kills = process.env['ROSTERD_LONG'] ? 300 : 12

/** Entries by DN, without times. */
type Served = Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>>

test(`${kills} kills of a sync leave the directory before or after it`, { timeout: kills * 20_000 }, async () => {
  const seed = Number(process.env['ROSTERD_SEED'] ?? Date.now() % 1_000_000)
  const random = randomFrom(seed)
  const tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  try {
    fillSmallTenants(tenants)
    unlimited(tenants)
    await using folder = await syncedFolder(tenants)
    const started = performance.now()
    expect(await folder.run('sync', '--full')).toMatchObject({ exitCode: 0 })
    const runMs = performance.now() - started
    changeSmallTenants(tenants)
    const ids = new Map<string, string>()
    const first = await servedBy(folder)
    remember(ids, first)
    // What each provider's entries may be: as they were found last, or as after any change since. A run that was killed may
    // have kept what it read, from which the next run of any provider goes on.
    const states = new Map(['contoso', 'acme'].map((provider) => [provider, [entriesOf(first, provider)]]))
    const sides = new Map<string, number>()

    for (let kill = 0; kill < kills; kill++) {
      changeAgain(tenants, kill)
      const after = await truth(tenants)
      await killSync(folder, random() * runMs * 1.1)
      const found = await servedBy(folder)
      for (const [provider, since] of states) {
        since.push(entriesOf(after, provider))
        const is = entriesOf(found, provider)
        const place = since.findLastIndex((state) => JSON.stringify(state) === JSON.stringify(is))
        if (place === -1)
          expect({ seed, kill, provider, entries: is }).toEqual({ seed, kill, provider, entries: since })
        states.set(provider, since.slice(place))
        const side = place === 0 ? 'before' : 'after'
        sides.set(side, (sides.get(side) ?? 0) + 1)
      }
      remember(ids, found)
    }
    expect(await folder.run('sync')).toMatchObject({ exitCode: 0 })
    const end = await servedBy(folder)
    for (const provider of ['contoso', 'acme'])
      expect(entriesOf(end, provider)).toEqual(entriesOf(await truth(tenants), provider))
    remember(ids, end)
    // Kills must have fallen on both sides, or the test shows nothing.
    expect([...sides.keys()].sort()).toEqual(['after', 'before'])
  } finally {
    await tenants.close()
  }
})

async function syncedFolder(tenants: SimulatedTenants): Promise<ConfiguredFolder> {
  const folder = await configuredFolder({
    providers: [entraSettings(tenants), oktaSettings(tenants)],
    caFile: 'ca.pem',
  })
  await writeFile(join(folder.path, 'ca.pem'), tenants.caPem)
  expect(await folder.run('sync')).toMatchObject({ exitCode: 0 })
  return folder
}

/** Starts a sync and kills it after so many milliseconds, unless it has ended. */
async function killSync({ configFile }: ConfiguredFolder, afterMs: number): Promise<void> {
  const child = spawn(rosterd, ['--config', configFile, 'sync', '--full'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await Promise.race([delay(afterMs), ended])
  child.kill('SIGKILL')
  await ended
}

/** What the store holds; it must be whole. */
async function servedBy({ path }: ConfiguredFolder): Promise<Served> {
  await using store = await openLevelStore(join(path, 'data', 'db'))
  expect(await store.verify()).toEqual([])
  const served: Record<string, Record<string, readonly unknown[]>> = {}
  for await (const { dn, entryUUID, attributes } of store.entries())
    served[dn] = { entryUUID: [entryUUID], ...Object.fromEntries(attributes) }
  return served
}

/** What a server that begins now would serve. */
async function truth(tenants: SimulatedTenants): Promise<Served> {
  const fresh = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
  for (const id of ['contoso', 'acme'])
    expect(await fresh.engine.run(id, { trigger: 'truth' })).toMatchObject({ outcome: 'applied' })
  return servedEntries(fresh.directory)
}

function entriesOf(served: Served, provider: string) {
  return Object.entries(served)
    .filter(([, { rosterdSource }]) => String(rosterdSource?.[0]).startsWith(`${provider}:`))
    .map(([dn, { createTimestamp, modifyTimestamp, ...values }]) => {
      expect([createTimestamp?.length, modifyTimestamp?.length]).toEqual([1, 1])
      return [dn, Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))]
    })
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

/** Numbers by entryUUID: once given they stay. */
function remember(ids: Map<string, string>, served: Served): void {
  for (const { entryUUID, uidNumber, gidNumber, objectClass } of Object.values(served)) {
    const number = String((objectClass?.includes('posixAccount') ? uidNumber : gidNumber)?.[0])
    const key = String(entryUUID?.[0])
    expect(ids.get(key) ?? number).toBe(number)
    ids.set(key, number)
  }
}
