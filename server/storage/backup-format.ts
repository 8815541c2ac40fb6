import { createHash } from 'node:crypto'

/*
 * A backup, before it is compressed: one line of JSON, the header; then every row of the store, its key and value each
 * after its size (4 octets, big endian); then the sizes 0 and 0 and the SHA-256 of everything before these 32 octets.
 * Keys are never empty.
 */

export interface BackupHeader {
  readonly format: typeof backupFormat
  readonly version: 1
  /** Version of the store that the rows are of. */
  readonly storeVersion: number
  /** Version of the program that made it. */
  readonly rosterd: string
  readonly baseDn: string
  /** ISO 8601, UTC. */
  readonly created: string
  readonly lastChange: number
}

export type Row = readonly [key: Buffer, value: Buffer]

export const backupFormat = 'rosterd-backup'
const hashBytes = 32
const maxHeaderBytes = 4096
/** No value comes near it. */
const maxRowBytes = 1 << 30

/** What is wrong with a backup; the message follows the name of its file. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
}

export async function* encodeBackup(
  header: BackupHeader,
  pages: AsyncIterable<readonly Row[]>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  const hashed = (octets: Buffer) => {
    hash.update(octets)
    return octets
  }
  yield hashed(Buffer.from(`${JSON.stringify(header)}\n`))
  for await (const page of pages)
    yield hashed(Buffer.concat(page.flatMap(([key, value]) => [sizes(key, value), key, value])))
  yield hashed(sizes(noOctets, noOctets))
  yield hash.digest()
}

const noOctets = Buffer.alloc(0)

function sizes(key: Buffer, value: Buffer): Buffer {
  const octets = Buffer.allocUnsafe(8)
  octets.writeUInt32BE(key.length, 0)
  octets.writeUInt32BE(value.length, 4)
  return octets
}

/**
 * The header, then the rows of a backup; throws {@link BackupError} for what is none, or is damaged or cut short, at the
 * latest after the last row.
 */
export async function* decodeBackup(chunks: AsyncIterable<Buffer>): AsyncGenerator<BackupHeader | Row> {
  const reader = new Reader(chunks[Symbol.asyncIterator]())
  yield headerOf(await reader.line(maxHeaderBytes))
  for (;;) {
    const head = await reader.take(8)
    const [keyBytes, valueBytes] = [head.readUInt32BE(0), head.readUInt32BE(4)]
    if (keyBytes + valueBytes > maxRowBytes) throw new BackupError('is damaged')
    if (keyBytes === 0) break
    const row = await reader.take(keyBytes + valueBytes)
    yield [row.subarray(0, keyBytes), row.subarray(keyBytes)]
  }
  const expected = reader.digest()
  if (!(await reader.take(hashBytes)).equals(expected)) throw new BackupError('is damaged: its checksum does not match')
  if (!(await reader.isAtEnd())) throw new BackupError('is damaged: something follows its end')
}

function headerOf(line: Buffer): BackupHeader {
  let header: Partial<BackupHeader> = {}
  try {
    header = JSON.parse(line.toString('utf8')) as Partial<BackupHeader>
  } catch {
    // no JSON, no backup
  }
  if (header.format !== backupFormat) throw new BackupError('is no backup of rosterd')
  if (header.version !== 1)
    throw new BackupError(`is a backup of version ${JSON.stringify(header.version)}; a newer rosterd made it`)
  return header as BackupHeader // written by `encodeBackup`, and vouched for by the checksum at the end
}

class Reader {
  readonly #chunks: AsyncIterator<Buffer>
  readonly #hash = createHash('sha256')
  #rest: Buffer = noOctets

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks
  }

  async line(maxBytes: number): Promise<Buffer> {
    for (;;) {
      const end = this.#rest.indexOf(0x0a)
      if (end >= 0) return await this.take(end + 1)
      if (this.#rest.length > maxBytes || !(await this.#more())) throw new BackupError('is no backup of rosterd')
    }
  }

  async take(size: number): Promise<Buffer> {
    while (this.#rest.length < size) if (!(await this.#more())) throw new BackupError('is damaged or cut short')
    const taken = this.#rest.subarray(0, size)
    this.#rest = this.#rest.subarray(size)
    this.#hash.update(taken)
    return taken
  }

  /** Of all that was taken so far. */
  digest(): Buffer {
    return this.#hash.copy().digest()
  }

  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && !(await this.#more())
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next()
    if (next.done) return false
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
    return true
  }
}
