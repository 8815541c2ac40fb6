import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { RecordReader } from './directory/directory-store.ts'
import type { Directory } from './directory/directory.ts'
import { isStoreRefusal } from './directory/store-refusal.ts'
import type { Clock } from './runtime/clock.ts'
import {
  BackupError,
  type BackupHeader,
  backupFormat,
  decodeBackup,
  encodeBackup,
  type Row,
} from './storage/backup-format.ts'
import { storeVersion } from './storage/database.ts'
import { writeRefusal } from './storage/write-failure.ts'
import { version } from './version.ts'

/** The last backup: value of `meta` "lastBackup". */
export type LastBackup = {
  /** ISO 8601, UTC. */
  readonly at: string
  /** Absolute path. */
  readonly file: string
  readonly bytes: number
}

const lastBackupKey = ['lastBackup'] as const

export interface BackupParts {
  readonly directory: Pick<Directory, 'store' | 'suffix' | 'commit'>
  /** Every row of the store, all of one state. */
  readonly rows: () => AsyncIterable<readonly Row[]>
  readonly clock: Pick<Clock, 'now'>
}

/**
 * Writes the store into one file, mode 0600, while the server goes on; the file is there once all of it is on the disk.
 * Secrets in it stay encrypted: the master key is kept apart. Throws an Error when the file is there already, unless `replace`.
 */
export async function writeBackup(
  { directory, rows, clock }: BackupParts,
  file: string,
  { replace }: { readonly replace: boolean },
): Promise<LastBackup> {
  const at = clock.now().toISOString()
  const store = { storeVersion, baseDn: directory.suffix, lastChange: directory.store.lastChange }
  const bytes = await writeBackupFile({ ...store, created: at }, rows(), file, { replace })
  const backup = { at, file, bytes }
  const record = { collection: 'meta' as const, key: [...lastBackupKey], value: backup }
  try {
    await directory.commit({ cause: { kind: 'server', id: 'backup' }, entries: [], records: [record] })
  } catch (error) {
    // A store on a full disk can be backed up to another.
    if (!isStoreRefusal(error)) throw error
  }
  return backup
}

/**
 * Writes rows into a file, mode 0600, which is there once all of it is on the disk; gives its size. Throws an Error when
 * it is there already, unless `replace`.
 */
export async function writeBackupFile(
  store: Pick<BackupHeader, 'storeVersion' | 'baseDn' | 'lastChange' | 'created'>,
  rows: AsyncIterable<readonly Row[]>,
  file: string,
  { replace }: { readonly replace: boolean },
): Promise<number> {
  const taken = `${file} is there already; choose another file, or add --force`
  if (existsSync(file) && (await stat(file)).isDirectory()) throw new Error(`${file} is a folder; name a file in it`)
  if (!replace && existsSync(file)) throw new Error(taken)
  const header: BackupHeader = { format: backupFormat, version: 1, rosterd: version, ...store }
  const part = `${file}.${randomUUID()}.part`
  try {
    // Another is not to be found half written, nor to be lost.
    await pipeline(
      encodeBackup(header, rows),
      createGzip({ level: 6 }),
      createWriteStream(part, { mode: 0o600, flags: 'wx' }),
    )
    await synced(part)
    if (replace) await rename(part, file)
    else await link(part, file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') throw new Error(taken, { cause: error })
    if (code === 'ENOENT')
      throw new Error(`${dirname(file)} does not exist; make that folder, or choose another`, { cause: error })
    const refusal = writeRefusal(error)
    if (refusal === undefined) throw error
    throw new Error(`the backup ${file} cannot be written (${refusal.what}): ${refusal.remedy}, or choose another`, {
      cause: error,
    })
  } finally {
    await rm(part, { force: true })
  }
  await synced(dirname(file))
  return (await stat(file)).size
}

/** Reads all of a backup. Throws {@link BackupError} when it is none, or not whole. */
export async function checkedBackup(file: string): Promise<BackupHeader> {
  let header: BackupHeader | undefined
  for await (const item of readBackup(file)) if ('format' in item) header = item
  if (header === undefined) throw new BackupError(`${file} is no backup of rosterd`)
  return header
}

/** undefined: there was none. */
export async function readLastBackup(store: RecordReader): Promise<LastBackup | undefined> {
  return (await store.get('meta', lastBackupKey)) as LastBackup | undefined // written above
}

/** The header, then the rows. Throws {@link BackupError}, also for a file that is damaged further on. */
export async function* readBackup(file: string): AsyncGenerator<BackupHeader | Row> {
  const source = createReadStream(file, { highWaterMark: 1 << 20 })
  const unzipped = source.pipe(createGunzip())
  source.on('error', (error) => unzipped.destroy(error))
  try {
    yield* decodeBackup(unzipped)
  } catch (error) {
    if (error instanceof BackupError) {
      error.message = `${file} ${error.message}`
      throw error
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ENOENT') throw new BackupError(`${file} does not exist`, { cause: error })
    if (code === 'Z_BUF_ERROR') throw new BackupError(`${file} is damaged or cut short`, { cause: error })
    if (code.startsWith('Z_')) throw new BackupError(`${file} is no backup of rosterd, or is damaged`, { cause: error })
    throw error
  } finally {
    source.destroy()
  }
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
