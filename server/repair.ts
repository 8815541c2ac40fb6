import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportedId } from '../sync/identities/import-files.ts'
import { trusted } from '../sync/ledgers.ts'
import type { CursorRecord } from '../sync/mirror.ts'
import type { RecordChange } from './directory/directory-store.ts'
import { imageMark } from './directory/image-mark.ts'
import { lostIds } from './lost-ids.ts'
import type { Config } from './runtime/config-schema.ts'
import { openLevelStore } from './storage/level-store.ts'
import { repairStore } from './storage/repair.ts'
import type { Finding } from './storage/salvage.ts'
import {
  copyStore,
  finishReplacement,
  holdStore,
  replaceStore,
  requireRoom,
  storeBytes,
} from './storage/store-folder.ts'
import { sayingWhatIsRefused } from './storage/write-failure.ts'
import { timeInName } from './time-in-name.ts'

export interface Repaired {
  readonly findings: readonly Finding[]
  /** Ids, numbers and names that were brought back. */
  readonly ids: number
  readonly dryRun: boolean
  /** Where the damaged store is now; null: it is where it was. */
  readonly former: string | null
}

/**
 * Makes a store of what can be read of a damaged one. It works on a copy, which takes the place of the damaged one when
 * it is whole; that one is kept. The next run of every provider reads everything. Throws what is in the way, in a sentence.
 */
export async function repair(
  { config, now }: { readonly config: Config; readonly now: Date },
  { dryRun, exported }: { readonly dryRun: boolean; readonly exported: readonly ImportedId[] },
): Promise<Repaired> {
  const { dataDir } = config
  const folder = join(dataDir, 'db')
  await finishReplacement(folder)
  if (!existsSync(folder)) throw new Error(`there is no store in ${folder}; "rosterd restore" brings a backup back`)
  await using _held = await holdStore(folder)
  await requireRoom(dataDir, 2 * (await storeBytes(folder)), 'a repair')
  const copy = join(dataDir, 'db.repairing')
  try {
    const { findings, ids } = await sayingWhatIsRefused(`the repaired store in ${dataDir}`, async () => {
      await copyStore(folder, copy)
      const found = await repairStore(copy, now.toISOString())
      return { findings: found, ids: found.length === 0 ? 0 : await bringBack(copy, config, exported, now) }
    })
    const isDone = findings.length > 0 && !dryRun
    const former = isDone ? join(dataDir, `db.damaged-${timeInName(now)}`) : null
    if (isDone) await replaceStore(folder, copy, former)
    return { findings, ids, dryRun, former }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

/** An image of the directory has entries that the store may not have any more. */
const noImage: RecordChange = { ...imageMark, value: undefined }

/** Ids that were lost, and marks that make the next runs read everything. */
async function bringBack(folder: string, config: Config, exported: readonly ImportedId[], now: Date): Promise<number> {
  await using store = await openLevelStore(folder)
  const ids = await lostIds(store, config, exported, now)
  const cursors: RecordChange[] = []
  for await (const { key, value } of store.list('cursor'))
    cursors.push({ collection: 'cursor', key, value: { ...trusted<CursorRecord>(value), token: null } })
  await store.commit({ cause: { kind: 'server', id: 'repair' }, entries: [], records: [...ids, ...cursors, noImage] })
  return ids.length
}
