import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDatabase } from '../../server/storage/database.ts'

/** Somewhere that secrets must not be. */
export interface Place {
  readonly name: string
  readonly octets: Buffer
}

/** Where something secret was found, as `<what> (<spelling>) in <where>`; `secrets` by what they are. */
export function findSecrets(secrets: ReadonlyMap<string, string | Buffer>, places: readonly Place[]): string[] {
  return [...secrets].flatMap(([what, secret]) =>
    [...spellings(secret)].flatMap(([how, octets]) =>
      places.filter((place) => place.octets.includes(octets)).map(({ name }) => `${what} (${how}) in ${name}`),
    ),
  )
}

/** As it is, and as anything that only encodes would write it. */
function spellings(secret: string | Buffer): ReadonlyMap<string, string | Buffer> {
  const octets = Buffer.from(secret)
  const encoded: readonly (readonly [string, string | Buffer])[] = [
    ['as it is', octets],
    ['base64', unpadded(octets.toString('base64'))],
    ['base64url', octets.toString('base64url')],
    ['base64 behind one octet', unpadded(Buffer.concat([Buffer.alloc(1), octets]).toString('base64')).slice(2)],
    ['base64 behind two octets', unpadded(Buffer.concat([Buffer.alloc(2), octets]).toString('base64')).slice(3)],
    ['hex', octets.toString('hex')],
    ['HEX', octets.toString('hex').toUpperCase()],
  ]
  if (typeof secret !== 'string') return new Map(encoded)
  return new Map([
    ...encoded,
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ['URL', encodeURIComponent(secret)],
    ['form', new URLSearchParams({ s: secret }).toString().slice(2)],
    ['HTML', secret.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')],
    ['UTF-16', Buffer.from(secret, 'utf16le')],
  ])
}

/** Without the last digits, which depend on what follows. */
function unpadded(base64: string): string {
  return base64.replace(/..?=*$/, '')
}

/** Every file below a folder, as it lies on the disk. */
export async function filesBelow(folder: string): Promise<readonly Place[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name)
        return { name: path.slice(folder.length + 1), octets: await readFile(path) }
      }),
  )
}

/** `level` is typed for browsers too, where nothing is compacted. */
interface Compacting {
  compactRange(start: Buffer, end: Buffer): Promise<void>
}

/** Every record of a database that nobody has open, out of its compressed files; then it is compacted. */
export async function recordsOf(database: string): Promise<readonly Place[]> {
  const db = await openDatabase(database)
  try {
    const places: Place[] = []
    for await (const [key, value] of db.iterator())
      places.push({ name: `record ${key.toString('latin1')}`, octets: Buffer.concat([key, value]) })
    await (db as unknown as Compacting).compactRange(Buffer.alloc(1), Buffer.alloc(64, 0xff))
    return places
  } finally {
    await db.close()
  }
}
