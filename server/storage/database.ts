import { mkdir, readdir } from 'node:fs/promises'
import { Level } from 'level'
import { metaKey, metaRange } from './keys.ts'
import { decodeRecord, encodeRecord } from './record-codec.ts'
import { migrations, versionAfter } from './migrations.ts'
import { StoreError } from './store-error.ts'
import { newestBackup, upgradeBackups } from './upgrade-backups.ts'
import { writeRefusal } from './write-failure.ts'

export type Database = Level<Buffer, Buffer>

export type WriteOperation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer }

/** Version of the key layout (keys.ts) and of what the values mean together; each value has its own format besides. */
export const storeVersion = versionAfter(migrations)

/**
 * Opens the LevelDB in `directory`, which is created (mode 0700) when missing, and checks its store version.
 * Throws {@link StoreError} `locked`, `newerStore`, `unknownStore`, `corrupt` or `writeFailed`.
 */
export async function openDatabase(directory: string): Promise<Database> {
  const db = await openUnchecked(directory)
  try {
    await checkStoreVersion(db, directory)
    return db
  } catch (error) {
    await db.close()
    throw isCorruption(error) ? corruptStore(directory, error) : error
  }
}

/** Whatever version it has. Throws {@link StoreError} `locked`, `corrupt` or `writeFailed`. */
export async function openUnchecked(directory: string): Promise<Database> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await requireBeginning(directory)
  const db: Database = new Level<Buffer, Buffer>(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    writeBufferSize: 16 * 1024 * 1024,
  })
  try {
    await db.open()
    return db
  } catch (error) {
    throw openingError(directory, error)
  }
}

/** Without the file that LevelDB begins with, it would make an empty database there and remove what is left of the other. */
async function requireBeginning(directory: string): Promise<void> {
  const names = await readdir(directory)
  const left = names.filter((name) => /^MANIFEST-|\.(ldb|sst|log)$/.test(name))
  if (left.length > 0 && !names.includes('CURRENT'))
    throw corruptStore(directory, new Error(`the file CURRENT is missing beside ${left.length} others`))
}

async function checkStoreVersion(db: Database, directory: string): Promise<void> {
  const stored = await db.get(metaKey('storeVersion'))
  if (stored === undefined) {
    for await (const _ of db.keys({ limit: 1 })) {
      const known = (await db.keys({ ...metaRange, limit: 1 }).all()).length > 0
      const found = known ? 'a store without its version' : 'a LevelDB database of another program'
      throw new StoreError('unknownStore', `"${directory}" holds ${found}; set dataDir to an empty folder.`)
    }
    await db.put(metaKey('storeVersion'), encodeRecord(storeVersion), { sync: true })
    return
  }
  const found = decodeRecord(stored)
  if (typeof found === 'number' && found > storeVersion) {
    const backup = await newestBackup(upgradeBackups(directory), storeVersion)
    const restore =
      backup === undefined ? 'restore the backup made before the upgrade' : `"rosterd restore ${backup} --force"`
    throw new StoreError(
      'newerStore',
      `The store in "${directory}" has version ${found} and this rosterd reads version ${storeVersion}: start the rosterd that wrote it, or ${restore}.`,
    )
  }
  if (typeof found === 'number' && found >= 1 && found < storeVersion)
    throw new StoreError(
      'olderStore',
      `The store in "${directory}" has version ${found} and this rosterd reads version ${storeVersion}: "rosterd check --upgrade" says what the server would do.`,
    )
  if (found !== storeVersion) {
    throw new StoreError(
      'unknownStore',
      `The store in "${directory}" has the unknown version ${JSON.stringify(found)}; this rosterd reads version ${storeVersion}.`,
    )
  }
}

function openingError(directory: string, error: unknown): unknown {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'LEVEL_LOCKED') {
    return new StoreError(
      'locked',
      `The store in "${directory}" is in use by another rosterd process; stop that one first, or set another dataDir.`,
      { cause },
    )
  }
  if (isCorruption(cause)) return corruptStore(directory, cause)
  const refusal = writeRefusal(cause)
  if (refusal === undefined) return error
  return new StoreError(
    'writeFailed',
    `The store in "${directory}" cannot be opened, which writes to it (${refusal.what}): ${refusal.remedy}, and try again.`,
    { cause },
  )
}

/**
 * LevelDB's own finding, or that of a codec. A file that it misses, or that is shorter than it should be, is an input error
 * for it.
 */
export function isCorruption(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false
  if (error.code === 'LEVEL_CORRUPTION' || error.code === 'corrupt') return true
  return error.code === 'LEVEL_IO_ERROR' && /(No such file or directory|Invalid argument)$/.test(error.message)
}

/** Says what is damaged and the ways back. */
export function corruptStore(directory: string, cause: unknown): StoreError {
  if (cause instanceof StoreError && cause.message.includes('rosterd repair')) return cause
  const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
  return new StoreError(
    'corrupt',
    `The store in "${directory}" is damaged (${reason}). Stop the server and run "rosterd repair"; or restore a backup.`,
    { cause },
  )
}
