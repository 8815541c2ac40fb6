import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type Database, openUnchecked, type WriteOperation } from './database.ts'
import type { Row } from './backup-format.ts'
import { recover } from './generations.ts'
import { metaKey } from './keys.ts'
import { type Migration, migratedRows, migrations, versionAfter } from './migrations.ts'
import { rawRows, writeRows } from './raw-rows.ts'
import { ReadView } from './read-view.ts'
import { decodeRecord } from './record-codec.ts'
import { StoreError } from './store-error.ts'
import { finishReplacement, freeBytes, holdStore, mebibytes, replaceStore, storeBytes } from './store-folder.ts'
import { verifyStore } from './verify.ts'

/** What has to be done with a store before this rosterd reads it. */
export interface UpgradePlan {
  /** null: there is no store yet. */
  readonly found: number | null
  readonly wanted: number
  /** What each step changes. */
  readonly steps: readonly string[]
  /** Of the file system: for the backup and the new store. */
  readonly neededBytes: number
  readonly freeBytes: number
}

/** Changes nothing. Throws {@link StoreError} `locked` while another process has the store. */
export async function planUpgrade(folder: string, steps: readonly Migration[] = migrations): Promise<UpgradePlan> {
  if (!existsSync(folder)) return { found: null, wanted: versionAfter(steps), steps: [], neededBytes: 0, freeBytes: 0 }
  const db = await openUnchecked(folder)
  try {
    return await planUpgradeFrom(await versionOf(db), folder, steps)
  } finally {
    await db.close()
  }
}

/** The same for a store that another process has, and whose version it has told. */
export async function planUpgradeFrom(
  found: number | null,
  folder: string,
  steps: readonly Migration[] = migrations,
): Promise<UpgradePlan> {
  const wanted = versionAfter(steps)
  const ahead = steps.slice((found ?? wanted) - 1).map(({ what }) => what)
  const neededBytes = ahead.length === 0 ? 0 : 3 * (await storeBytes(folder))
  return { found, wanted, steps: ahead, neededBytes, freeBytes: await freeBytes(folder) }
}

/** Keeps the rows of a store as they are. */
export interface UpgradeBackup {
  readonly make: (version: number, lastChange: number, rows: AsyncIterable<readonly Row[]>) => Promise<void>
  /** Asked when the upgrade comes to nothing, also when `make` has failed. */
  readonly drop: () => Promise<void>
}

/**
 * Takes the steps that are ahead of the store in `folder`, once the backup is made. The new store is made beside it and
 * takes its place as a whole: a cut leaves one version or the other. Throws, in a sentence, when there is no room, and what
 * the backup throws; the store is as it was then, with nothing beside it.
 */
export async function upgradeStore(
  folder: string,
  backup: UpgradeBackup,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  await finishReplacement(folder)
  const made = `${folder}.upgraded`
  const former = `${folder}.before-upgrade`
  // What a cut left takes room that is needed.
  for (const left of [made, former]) await rm(left, { recursive: true, force: true })
  const { found, neededBytes, freeBytes: free } = await planUpgrade(folder, steps)
  if (found === null || found >= versionAfter(steps)) return
  if (free < neededBytes)
    throw new StoreError(
      'olderStore',
      `The store in "${folder}" has to be upgraded, which needs ${mebibytes(neededBytes)} there, and ${mebibytes(free)} are free: make room, and start again.`,
    )
  await using _held = await holdStore(folder)
  try {
    const db = await openUnchecked(folder)
    try {
      await recover(db, (_step, operations) => write(db, operations))
      const lastChange = await db.get(metaKey('lastChange'))
      const last = lastChange === undefined ? 0 : Number(decodeRecord(lastChange))
      await backup.make(found, last, pagesOf(db))
      await writeRows(made, migratedRows(rowsOf(db), found, steps))
    } finally {
      await db.close()
    }
    await requireAgreement(made)
  } catch (error) {
    await rm(made, { recursive: true, force: true })
    await backup.drop()
    throw error
  }
  await replaceStore(folder, made, former)
  await rm(former, { recursive: true })
}

async function versionOf(db: Database): Promise<number | null> {
  const stored = await db.get(metaKey('storeVersion'))
  const version = stored === undefined ? null : decodeRecord(stored)
  return typeof version === 'number' ? version : null
}

async function* pagesOf(db: Database): AsyncGenerator<readonly Row[]> {
  const view = new ReadView(db)
  try {
    yield* rawRows(db, view)
  } finally {
    await view.retire()
  }
}

async function* rowsOf(db: Database): AsyncGenerator<Row> {
  for await (const page of pagesOf(db)) yield* page
}

async function write(db: Database, operations: readonly WriteOperation[]): Promise<void> {
  await db.batch([...operations], { sync: true })
}

async function requireAgreement(folder: string): Promise<void> {
  const db = await openUnchecked(folder)
  const snapshot = db.snapshot()
  try {
    const [problem] = await verifyStore(db, snapshot)
    if (problem !== undefined)
      throw new StoreError('corrupt', `The upgraded store does not agree with itself: ${problem}`)
  } finally {
    await snapshot.close()
    await db.close()
  }
}
