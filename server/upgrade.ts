import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkedBackup, writeBackupFile } from './backup.ts'
import type { Config } from './runtime/config-schema.ts'
import type { Logger } from './runtime/logger.ts'
import { type LevelDirectoryStore, openLevelStore } from './storage/level-store.ts'
import type { Migration } from './storage/migrations.ts'
import { StoreError } from './storage/store-error.ts'
import { finishReplacement } from './storage/store-folder.ts'
import { type UpgradeBackup, upgradeStore } from './storage/upgrade.ts'
import { upgradeBackupName, upgradeBackups } from './storage/upgrade-backups.ts'
import { sayingWhatIsRefused } from './storage/write-failure.ts'
import { timeInName } from './time-in-name.ts'

/** Opens the store of a configuration; one of an older version is backed up and upgraded first. */
export async function openUpgraded(
  { dataDir, baseDn }: Pick<Config, 'dataDir' | 'baseDn'>,
  { now, logger }: { readonly now: Date; readonly logger: Pick<Logger, 'info'> },
): Promise<LevelDirectoryStore> {
  const folder = join(dataDir, 'db')
  await finishReplacement(folder)
  try {
    return await openLevelStore(folder)
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'olderStore')) throw error
  }
  const file = await upgradeWithBackup(folder, { baseDn, now })
  logger.info({ file }, 'the store was upgraded')
  return await openLevelStore(folder)
}

/**
 * Gives the backup; undefined: nothing was to be done. When this throws, the store is as it was, without a backup: a service
 * that is started again and again does not fill the disk with copies.
 */
export async function upgradeWithBackup(
  folder: string,
  { baseDn, now, steps }: { readonly baseDn: string; readonly now: Date; readonly steps?: readonly Migration[] },
): Promise<string | undefined> {
  let file: string | undefined
  const backup: UpgradeBackup = {
    async make(storeVersion, lastChange, rows) {
      await mkdir(upgradeBackups(folder), { recursive: true, mode: 0o700 })
      file = join(upgradeBackups(folder), upgradeBackupName(storeVersion, timeInName(now)))
      const header = { storeVersion, baseDn, lastChange, created: now.toISOString() }
      await writeBackupFile(header, rows, file, { replace: true })
      await checkedBackup(file)
    },
    async drop() {
      if (file !== undefined) await rm(file, { force: true })
    },
  }
  const what = `The store in "${folder}" has to be upgraded, and the upgraded one`
  await sayingWhatIsRefused(what, () => upgradeStore(folder, backup, steps))
  return file
}
