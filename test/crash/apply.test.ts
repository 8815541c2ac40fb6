import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import type { AttributeChange, Change, DirectoryStore } from '../../server/directory/directory-store.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { collect, stateOf } from '../contract/entry-builder.ts'
import { generationTo, randomFrom, stateAfter } from './scenario.ts'

// A process that applies generations is killed at any moment, again and again over one store, while it recovers from
// the kill before included. After each: the directory is exactly generation n or n + 1, where n was the last one
// acknowledged; entries, DN table and log agree; replaying the log gives the entries; the next process goes on from there.

const kills = process.env['ROSTERD_LONG'] ? 3000 : 200
const killsPerStore = 50

test(`${kills} kills leave one of two generations`, { timeout: kills * 1000 }, async () => {
  const seed = Number(process.env['ROSTERD_SEED'] ?? Date.now() % 1_000_000)
  const scratch = await mkdtemp(join(tmpdir(), 'rosterd-crash-'))
  const killedIn = new Map<string, number>()
  try {
    for (let round = 0; round * killsPerStore < kills; round++) {
      await crashRound({ directory: join(scratch, `store-${round}`), scratch, seed: seed + round, killedIn })
    }
  } catch (error) {
    throw new Error(`seed ${seed} (set ROSTERD_SEED to repeat)`, { cause: error })
  } finally {
    await rm(scratch, { recursive: true })
  }
  // Cuts must have fallen on both sides of commits, or the test shows nothing.
  expect(killedIn.get('before the commit')).toBeGreaterThan(kills / 10)
  expect(killedIn.get('after the commit, before its acknowledgement')).toBeGreaterThan(kills / 50)
})

interface Round {
  readonly directory: string
  readonly scratch: string
  readonly seed: number
  readonly killedIn: Map<string, number>
}

async function crashRound({ directory, scratch, seed, killedIn }: Round): Promise<void> {
  const random = randomFrom(seed)
  const replica = new Replica()
  let acknowledged = 0
  for (let kill = 0; kill < killsPerStore; kill++) {
    const chunkBytes = 200 + Math.floor(random() * 6000)
    const killAt = 1 + Math.floor(random() ** 2 * 120)
    const inside = random() < 0.7
    const lastAcknowledged = await runUntilKilled({ directory, scratch, seed, chunkBytes, killAt, inside })
    acknowledged = Math.max(acknowledged, lastAcknowledged)

    await using store = await openLevelStore(directory)
    const found = Number((await store.get('mirror', ['generation'])) ?? 0)
    expect([acknowledged, acknowledged + 1]).toContain(found)
    const side = found === acknowledged ? 'before the commit' : 'after the commit, before its acknowledgement'
    killedIn.set(side, (killedIn.get(side) ?? 0) + 1)
    await expectGeneration(store, seed, found, replica)
    acknowledged = found
  }
  await using store = await openLevelStore(directory)
  await store.commit(generationTo(seed, acknowledged + 1))
  await expectGeneration(store, seed, acknowledged + 1, replica)
}

async function expectGeneration(store: DirectoryStore, seed: number, n: number, replica: Replica): Promise<void> {
  const expected = stateAfter(seed, n)
  expect(await stateOf(store.entries())).toEqual(expected.entries)
  expect(await collect(store.list('mirror'))).toEqual(expected.records)
  expect(await store.verify()).toEqual([])
  for await (const change of store.changes(replica.lastChange)) replica.apply(change)
  expect(replica.lastChange).toBe(store.lastChange)
  expect(replica.state()).toEqual(
    expected.entries.map(({ dn, entryUUID, attributes }) => ({
      dn,
      entryUUID,
      attributes: Object.fromEntries(attributes),
    })),
  )
}

/** Entries as the change log alone tells them. */
class Replica {
  lastChange = 0
  readonly #entries = new Map<string, { dn: string; attributes: Map<string, AttributeChange['added']> }>()

  apply(change: Change): void {
    expect(change.number).toBe(this.lastChange + 1)
    this.lastChange = change.number
    if (change.type === 'delete') {
      this.#entries.delete(change.entryUUID)
      return
    }
    const attributes = this.#entries.get(change.entryUUID)?.attributes ?? new Map<string, AttributeChange['added']>()
    for (const { attribute, removed, added } of change.attributes) {
      const values = [...(attributes.get(attribute) ?? []).filter((value) => !removed.includes(value)), ...added]
      if (values.length === 0) attributes.delete(attribute)
      else attributes.set(attribute, values)
    }
    this.#entries.set(change.entryUUID, { dn: change.dn, attributes })
  }

  state() {
    return [...this.#entries]
      .map(([entryUUID, { dn, attributes }]) => ({ dn, entryUUID, attributes: Object.fromEntries(attributes) }))
      .sort((a, b) => (a.entryUUID < b.entryUUID ? -1 : 1))
  }
}

interface Run {
  readonly directory: string
  readonly scratch: string
  readonly seed: number
  readonly chunkBytes: number
  /** Kill at this write announcement: before or after a write, counted from the opening. */
  readonly killAt: number
  /** The child kills itself exactly there, or the parent does as soon as it hears of it. */
  readonly inside: boolean
}

/** Resolves with the last generation whose commit the child saw acknowledged, 0 for none, once the child is dead. */
async function runUntilKilled({ directory, scratch, seed, chunkBytes, killAt, inside }: Run): Promise<number> {
  const script = join(import.meta.dirname, 'apply-child.ts')
  const args = [script, directory, String(seed), String(chunkBytes), String(inside ? killAt : 0)]
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(scratch, 'compile-cache') },
  })
  const exit = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_code, signal) => resolve(signal))
  })
  let announcements = 0
  let acknowledged = 0
  if (!child.stdout) throw new Error('the child has no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'w' && ++announcements === killAt && !inside) child.kill('SIGKILL')
    if (line.startsWith('ack ')) acknowledged = Number(line.slice(4))
  }
  expect(await exit).toBe('SIGKILL')
  return acknowledged
}
