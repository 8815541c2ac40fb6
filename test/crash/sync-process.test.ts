import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type ConfiguredFolder, configuredFolder, rosterd } from '../builders/command-line.ts'
import { changeAgain, changeSmallTenants, fillSmallTenants, unlimited } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings, startTrustedTenants } from '../sync/sync-fixture.ts'
import { randomFrom } from './scenario.ts'
import { entriesOf, remember, servedBy, truth } from './served-states.ts'

// A process that syncs two tenants is killed at any moment of its run: while it starts, reads, plans or applies. After each
// kill the store is whole, every provider's entries are those of one moment, never earlier than before, nobody has other
// ids than before; and the next run that is left alone brings the truth.

const kills = process.env['ROSTERD_LONG'] ? 300 : 12

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
