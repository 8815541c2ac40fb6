import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Where backups made before an upgrade are: beside the store in `directory`. */
export function upgradeBackups(directory: string): string {
  return join(dirname(directory), 'backups')
}

/** Sorts by time among those of a version. */
export function upgradeBackupName(version: number, time: string): string {
  return `store-v${version}-${time}.backup`
}

/** The newest of a store of that version, or of an older one; undefined: none. */
export async function newestBackup(folder: string, version: number): Promise<string | undefined> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => versionIn(name) <= version)
  const newest = names.toSorted((a, b) => versionIn(a) - versionIn(b) || (a < b ? -1 : 1)).at(-1)
  return newest && join(folder, newest)
}

function versionIn(name: string): number {
  const [, version] = /^store-v(\d+)-.+\.backup$/.exec(name) ?? []
  return version === undefined ? Number.POSITIVE_INFINITY : Number(version)
}
