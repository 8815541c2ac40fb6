import { existsSync } from 'node:fs'
import { constants, copyFile, link, mkdir, open, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openUnchecked } from './database.ts'

/**
 * Keeps every other process from opening the store in `folder`, which is not opened itself: LevelDB would change it.
 * Throws {@link StoreError} `locked` when one has it.
 */
export async function holdStore(folder: string): Promise<AsyncDisposable> {
  const beside = `${folder}.held`
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { mode: 0o700 })
  await writeFile(join(folder, 'LOCK'), '', { flag: 'a', mode: 0o600 })
  // A lock belongs to the file, under whatever name.
  await link(join(folder, 'LOCK'), join(beside, 'LOCK'))
  const release = () => rm(beside, { recursive: true, force: true })
  try {
    const held = await openUnchecked(beside)
    return {
      async [Symbol.asyncDispose]() {
        await held.close()
        await release()
      },
    }
  } catch (error) {
    await release()
    if (error instanceof Error) error.message = error.message.replace(beside, folder)
    throw error
  }
}

/** Files of a store, in octets. */
export async function storeBytes(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await filesOf(folder)) bytes += (await stat(join(folder, name))).size
  return bytes
}

/** Throws, in a sentence, when `folder` has no room for so many octets. */
export async function requireRoom(folder: string, bytes: number, forWhat: string): Promise<void> {
  const free = await freeBytes(folder)
  if (free < bytes)
    throw new Error(
      `${forWhat} needs ${mebibytes(bytes)} in ${folder}, and ${mebibytes(free)} are free; make room there`,
    )
}

/** Of its file system. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** For an operator. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

/** The files of a store that nobody has open, into a new folder. */
export async function copyStore(folder: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(to, { mode: 0o700 })
  for (const name of await filesOf(folder))
    await copyFile(join(folder, name), join(to, name), constants.COPYFILE_FICLONE)
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { withFileTypes: true })
  return found.filter((one) => one.isFile() && one.name !== 'LOCK').map(({ name }) => name)
}

/** A store that only waits to be put in the place of `folder`. */
const readyFor = (folder: string) => `${folder}.next`

/**
 * Puts the store in `prepared` in the place of the one in `folder`, which becomes `aside` (null: there is none). A cut in
 * between is mended by {@link finishReplacement}.
 */
export async function replaceStore(folder: string, prepared: string, aside: string | null): Promise<void> {
  await rm(readyFor(folder), { recursive: true, force: true })
  await rename(prepared, readyFor(folder))
  await synced(dirname(folder))
  if (aside !== null) await rename(folder, aside)
  await rename(readyFor(folder), folder)
  await synced(dirname(folder))
}

/** Before a store is opened: one that was being replaced when the machine stopped. */
export async function finishReplacement(folder: string): Promise<void> {
  if (!existsSync(folder) && existsSync(readyFor(folder))) await rename(readyFor(folder), folder)
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
