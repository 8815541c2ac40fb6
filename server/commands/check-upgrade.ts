import { join } from 'node:path'
import type { Config } from '../runtime/config-schema.ts'
import { mebibytes } from '../storage/store-folder.ts'
import { StoreError } from '../storage/store-error.ts'
import { type UpgradePlan, planUpgrade, planUpgradeFrom } from '../storage/upgrade.ts'
import { upgradeBackupName, upgradeBackups } from '../storage/upgrade-backups.ts'
import { timeInName } from '../time-in-name.ts'

export interface UpgradeCheck extends UpgradePlan {
  /** This version can read the store, or upgrade it. */
  readonly ok: boolean
  /** The backup that would be made first; null: none. */
  readonly backup: string | null
  readonly text: string
}

/**
 * `rosterd check --upgrade`: what the next start does with the store. Changes nothing. `versionInUse` asks the server that
 * has the store for its version.
 */
export async function checkUpgrade(
  { dataDir }: Pick<Config, 'dataDir'>,
  { now, versionInUse }: { readonly now: Date; readonly versionInUse: () => Promise<number> },
): Promise<UpgradeCheck> {
  const folder = join(dataDir, 'db')
  const plan = await planUpgrade(folder).catch(async (error: unknown) => {
    if (!(error instanceof StoreError && error.code === 'locked')) throw error
    const found = await versionInUse().catch(() => Promise.reject(error))
    return await planUpgradeFrom(found, folder)
  })
  const { found, wanted, steps, neededBytes, freeBytes } = plan
  const backup =
    steps.length === 0 ? null : join(upgradeBackups(folder), upgradeBackupName(found ?? wanted, timeInName(now)))
  if (found === null) return { ...plan, ok: true, backup, text: `There is no store in ${folder} yet.\n` }
  const versions = `The store in ${folder} has version ${found}, and this rosterd reads version ${wanted}`
  if (found > wanted) return { ...plan, ok: false, backup, text: `${versions}: start the rosterd that wrote it.\n` }
  if (backup === null) return { ...plan, ok: true, backup, text: `${versions}: nothing has to be done.\n` }
  const ok = freeBytes >= neededBytes
  const text = [
    `${versions}. The next start does this:`,
    `  backup into ${backup}`,
    ...steps.map((what, index) => `  version ${found + index + 1}: ${what}`),
    `Needed: ${mebibytes(neededBytes)}; free: ${mebibytes(freeBytes)}${ok ? '' : ': make room first'}.`,
  ]
  return { ...plan, ok, backup, text: `${text.join('\n')}\n` }
}
