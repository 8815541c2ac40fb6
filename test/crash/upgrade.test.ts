import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { openUnchecked } from '../../server/storage/database.ts'
import { everythingRange } from '../../server/storage/keys.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { finishReplacement } from '../../server/storage/store-folder.ts'
import { upgradeWithBackup } from '../../server/upgrade.ts'
import { randomFrom } from './scenario.ts'
import { stepOfTomorrow, stepsUntilNow } from './upgrade-step.ts'

// A process that upgrades a store is killed at any moment. What is left is the store of the one version or of the other,
// row by row, and the next process finishes the upgrade.

const kills = process.env['ROSTERD_LONG'] ? 300 : 8
const rows = 400
const steps = [...stepsUntilNow, stepOfTomorrow]
const when = { baseDn: 'dc=example,dc=com', now: new Date('2026-11-22T08:00:00.000Z') }

test(`${kills} kills of an upgrade leave a store of one version`, { timeout: kills * 20_000 }, async () => {
  const seed = Number(process.env['ROSTERD_SEED'] ?? Date.now() % 1_000_000)
  const random = randomFrom(seed)
  const scratch = await mkdtemp(join(tmpdir(), 'rosterd-upgrade-'))
  try {
    const old = join(scratch, 'old')
    {
      await using store = await openLevelStore(old)
      const records = Array.from({ length: rows }, (_, n) => ({
        collection: 'mirror' as const,
        key: ['contoso', 'user', String(n)],
        value: { n },
      }))
      await store.commit({ cause: { kind: 'run', id: 'run' }, entries: [], records })
    }
    const before = await rawRows(old)
    const upgraded = join(scratch, 'upgraded', 'db')
    await cp(old, upgraded, { recursive: true })
    await upgradeWithBackup(upgraded, { ...when, steps })
    const after = await rawRows(upgraded)
    expect(after).not.toEqual(before)

    const sides = new Map<string, number>()
    for (let kill = 0; kill < kills; kill++) {
      const folder = join(scratch, String(kill), 'db')
      await cp(old, folder, { recursive: true })
      // Among the rows, or some time behind the last one, while the new store takes its place.
      const at = random() < 0.5 ? Math.floor(random() * rows) : rows
      await killedUpgrade(folder, at, at === rows ? random() * 150 : 0)
      await finishReplacement(folder)
      const found = await rawRows(folder)
      const side = found === before ? 'before' : 'after'
      expect({ seed, kill, isWhole: [before, after].includes(found) }).toEqual({ seed, kill, isWhole: true })
      sides.set(side, (sides.get(side) ?? 0) + 1)
      await upgradeWithBackup(folder, { ...when, steps })
      expect(await rawRows(folder)).toBe(after)
    }
    expect(sides.get('before')).toBeGreaterThan(0)
  } finally {
    await rm(scratch, { recursive: true })
  }
})

async function rawRows(folder: string): Promise<string> {
  const db = await openUnchecked(folder)
  try {
    const all = await db.iterator({ ...everythingRange }).all()
    return all.map(([key, value]) => `${key.toString('hex')} ${value.toString('hex')}`).join('\n')
  } finally {
    await db.close()
  }
}

/** Kills the upgrade when it has announced so many rows, and so many milliseconds have passed. */
async function killedUpgrade(folder: string, atRow: number, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'upgrade-child.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  let announced = 0
  let isEnding = false
  // Read to the end: a process that cannot announce any more would not be killed, but fail.
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'row') announced += 1
    if (isEnding || announced < atRow || (line === 'row' && announced > atRow)) continue
    setTimeout(() => child.kill('SIGKILL'), afterMs)
    isEnding = true
  }
  await ended
}
