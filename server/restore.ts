import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { askFirstRecords } from '../sync/enrollment/restored-store.ts'
import type { LoadedConfig } from './runtime/config.ts'
import { checkedBackup, readBackup } from './backup.ts'
import { sealedRecordsOf } from './open-workspace.ts'
import { normalizeDn } from './protocol/distinguished-name.ts'
import type { Row } from './storage/backup-format.ts'
import { storeVersion } from './storage/database.ts'
import { openLevelStore } from './storage/level-store.ts'
import { migratedRows } from './storage/migrations.ts'
import { writeRows } from './storage/raw-rows.ts'
import { finishReplacement, holdStore, replaceStore } from './storage/store-folder.ts'
import { sayingWhatIsRefused } from './storage/write-failure.ts'
import { timeInName } from './time-in-name.ts'

export interface Restored {
  readonly created: string
  readonly entries: number
  /** Where the store that was there is now; null: there was none. */
  readonly former: string | null
  /** What has to be done before secrets can be read; null: nothing. */
  readonly keyProblem: string | null
}

/**
 * Puts a backup in the place of the store, which is set aside. The whole file is read and checked before anything is
 * touched, and the new store before it takes the place. Throws what is in the way, in a sentence.
 */
export async function restoreBackup(
  options: {
    readonly loaded: LoadedConfig
    readonly env: Readonly<Record<string, string | undefined>>
    readonly now: Date
  },
  file: string,
  { replace }: { readonly replace: boolean },
): Promise<Restored> {
  const { dataDir, baseDn } = options.loaded.config
  const header = await checkedBackup(file)
  if (header.storeVersion > storeVersion)
    throw new Error(
      `${file} has a store of version ${header.storeVersion}, and this rosterd reads version ${storeVersion}: use the rosterd that made it (${header.rosterd}), or a newer one`,
    )
  if (normalizeDn(header.baseDn) !== normalizeDn(baseDn))
    throw new Error(`${file} is of "${header.baseDn}", and baseDn is "${baseDn}"; set baseDn to what the backup is of`)
  const folder = join(dataDir, 'db')
  await finishReplacement(folder)
  const isThere = existsSync(folder)
  if (isThere && !replace)
    throw new Error(`there is a store in ${folder}; add --force to set it aside, and nothing of it is lost`)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await using _held = isThere ? await holdStore(folder) : undefined
  const restoring = join(dataDir, 'db.restoring')
  try {
    const { entries, keyProblem } = await sayingWhatIsRefused(`the restored store in ${dataDir}`, async () => {
      await rm(restoring, { recursive: true, force: true })
      await writeRows(restoring, migratedRows(rowsOf(file), header.storeVersion))
      return await lookAt(restoring, options)
    })
    const former = isThere ? join(dataDir, `db.before-${timeInName(options.now)}`) : null
    await replaceStore(folder, restoring, former)
    return { created: header.created, entries, former, keyProblem }
  } finally {
    await rm(restoring, { recursive: true, force: true })
  }
}

async function* rowsOf(file: string): AsyncGenerator<Row> {
  for await (const item of readBackup(file)) if (!('format' in item)) yield item
}

async function lookAt(
  folder: string,
  options: Parameters<typeof sealedRecordsOf>[0] & { readonly now: Date },
): Promise<{ readonly entries: number; readonly keyProblem: string | null }> {
  await using store = await openLevelStore(folder)
  const [problem] = await store.verify()
  if (problem !== undefined) throw new Error(`the backup holds a store that does not agree with itself: ${problem}`)
  const records = await askFirstRecords(store, options.now)
  await store.commit({ cause: { kind: 'server', id: 'restore' }, entries: [], records })
  let entries = 0
  for await (const _ of store.entries()) entries += 1
  return { entries, keyProblem: (await sealedRecordsOf(options, store).problem()) ?? null }
}
