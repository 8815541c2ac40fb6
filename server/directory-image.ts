import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import type { ViewImages } from './directory/directory.ts'
import { unfilledImage, type ViewImage } from './directory/memory/view-image.ts'
import type { Logger } from './runtime/logger.ts'
import { requireRoom } from './storage/store-folder.ts'

/*
 * directory.image: the directory as it is in memory. It may be deleted at any time, and is not part of a backup: the store has everything.
 *
 *   title    192 octets of JSON, filled up with spaces
 *   sums     a CRC-32 of 4 octets, little endian, of the head and of each section
 *   head     of the image
 *   sections of the image, one after the other
 */
interface Title {
  readonly name: string
  readonly code: string
  readonly headLength: number
  readonly sumCount: number
}

const titleLength = 192

/** Images in a folder that is there. A file that cannot be used is no error. `sources` has the code that runs, as it is now. */
export function directoryImages(
  folder: string,
  logger: Pick<Logger, 'info'>,
  sources = fileURLToPath(new URL('.', import.meta.url)),
): ViewImages {
  const path = join(folder, 'directory.image')
  // Files may be replaced by those of another version while this one runs.
  const code = codeFingerprint(sources)
  const refused = (error: unknown) =>
    logger.info({ err: error, file: path }, 'the image of the directory is of no use; every entry is read instead')
  return {
    refused,
    async read(name) {
      try {
        await using file = await open(path, 'r')
        return await readImage(file, { name, code })
      } catch (error) {
        refused(error)
        return undefined
      }
    },
    async write(name, image, signal) {
      const octets = [image.head, ...image.sections].reduce((sum, { length }) => sum + length, 0)
      const next = `${path}.next`
      await rm(next, { force: true })
      await requireRoom(folder, 2 * octets, 'an image of the directory')
      try {
        await using file = await open(next, 'wx', 0o600)
        await writeImage(file, { name, code }, image, signal)
        await file.sync()
      } catch (error) {
        await rm(next, { force: true })
        throw error
      }
      await rename(next, path)
      await using parent = await open(folder, 'r')
      await parent.sync()
    },
  }
}

async function writeImage(
  file: FileHandle,
  named: Pick<Title, 'name' | 'code'>,
  { head, sections }: ViewImage,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parts = [head, ...sections]
  const sums = Buffer.alloc(parts.length * 4)
  for (const [index, part] of parts.entries()) {
    sums.writeUInt32LE(crc32(part), index * 4)
    await nextTurn()
  }
  const title: Title = { ...named, headLength: head.length, sumCount: parts.length }
  await file.writeFile([Buffer.from(JSON.stringify(title).padEnd(titleLength)), sums, ...parts], { signal })
}

async function readImage(
  file: FileHandle,
  { name, code }: Pick<Title, 'name' | 'code'>,
): Promise<ViewImage | undefined> {
  const title = JSON.parse((await filled(file, Buffer.alloc(titleLength))).toString()) as Title
  if (title.name !== name || title.code !== code) return undefined
  const sums = await filled(file, Buffer.alloc(title.sumCount * 4))
  const checked = async (part: Uint8Array, index: number) => {
    if (crc32(await filled(file, part)) !== sums.readUInt32LE(index * 4)) throw new Error('its checksum does not match')
  }
  const head = Buffer.alloc(title.headLength)
  await checked(head, 0)
  const image = unfilledImage(head)
  for (const [index, section] of image.sections.entries()) await checked(section, index + 1)
  return image
}

/** Reads as many octets as there are, from where the file is. */
async function filled<T extends Uint8Array>(file: FileHandle, octets: T): Promise<T> {
  for (let read = 0; read < octets.length; ) {
    const { bytesRead } = await file.read(octets, read, octets.length - read)
    if (bytesRead === 0) throw new Error('it is cut short')
    read += bytesRead
  }
  return octets
}

/** Another one for every change of the code that makes an image or works with it, of Node, and of the machine's kind. */
function codeFingerprint(sources: string): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([process.versions, process.arch, endianness()]))
  for (const folder of ['directory', 'protocol']) {
    const path = join(sources, folder)
    for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }).sort())
      if (/\.[jt]s$/.test(name)) hash.update(`${name}\0`).update(readFileSync(join(path, name)))
  }
  return hash.digest('hex')
}
