import type { Database, WriteOperation } from './database.ts'
import { markKey, pendingKey, pendingRange } from './keys.ts'
import { decodeRecord, encodeRecord } from './record-codec.ts'
import { StoreError } from './store-error.ts'
import { checkFrame, frameBytes, sealFrame } from './value-frame.ts'

/**
 * Writes of one generation.
 *
 * Small: one synced batch. Large: its operations are stored as chunks under `pending`; one synced write of `mark`
 * commits it; then the chunks are applied one by one and, last, mark and chunks are removed together. A cut before the
 * mark leaves chunks that the next open drops; a cut after it leaves a mark, and the next open applies all chunks again,
 * which changes nothing where they were applied before.
 *
 * Every step is synced: LevelDB does not sync a write-ahead log that it has rotated away, so a later synced step could
 * survive a power cut that an earlier unsynced one does not.
 */
export type WriteStep = 'batch' | 'chunk' | 'mark' | 'apply' | 'finish'

/** Writes the operations in one synced, atomic batch. */
export type Write = (step: WriteStep, operations: readonly WriteOperation[]) => Promise<void>

/**
 * Writes what `plan` yields and returns what it returns. A plan of more than `chunkBytes` is written as chunks while it is
 * made, so that memory holds one chunk; `beforeMark` is called before the write that commits it, and {@link recover} has
 * to finish it. When the plan throws, chunks may be left, which `recover` drops.
 */
export async function writeGeneration<T>(
  plan: AsyncGenerator<WriteOperation[], T>,
  write: Write,
  chunkBytes: number,
  beforeMark: () => void,
): Promise<T> {
  let chunks = 0
  let group: WriteOperation[] = []
  let bytes = 0
  const writeChunk = () => write('chunk', [{ type: 'put', key: pendingKey(chunks++), value: encodeChunk(group) }])
  let step = await plan.next()
  for (; !step.done; step = await plan.next()) {
    for (const operation of step.value) {
      const size = operationBytes(operation)
      if (group.length > 0 && bytes + size > chunkBytes) {
        await writeChunk()
        group = []
        bytes = 0
      }
      group.push(operation)
      bytes += size
    }
  }
  if (chunks === 0) {
    if (group.length > 0) await write('batch', group)
    return step.value
  }
  await writeChunk()
  beforeMark()
  await write('mark', [{ type: 'put', key: markKey, value: encodeRecord({ chunks }) }])
  return step.value
}

/** Rolls a marked generation forward, drops an unmarked one. Does nothing, and writes nothing, when there is neither. */
export async function recover(db: Database, write: Write): Promise<void> {
  const mark = await db.get(markKey)
  if (mark !== undefined) {
    const chunks = chunkCount(decodeRecord(mark))
    for (let number = 0; number < chunks; number++) {
      const chunk = await db.get(pendingKey(number))
      if (chunk === undefined) throw new StoreError('corrupt', `Chunk ${number} of a committed generation is missing.`)
      await write('apply', decodeChunk(chunk))
    }
  }
  const leftovers: WriteOperation[] = [{ type: 'del', key: markKey }]
  for await (const key of db.keys({ ...pendingRange })) leftovers.push({ type: 'del', key })
  if (mark !== undefined || leftovers.length > 1) await write('finish', leftovers)
}

function operationBytes(operation: WriteOperation): number {
  return operation.key.length + (operation.type === 'put' ? operation.value.length : 0) + 9
}

function chunkCount(mark: unknown): number {
  if (typeof mark === 'object' && mark !== null && 'chunks' in mark && typeof mark.chunks === 'number') {
    return mark.chunks
  }
  throw new StoreError('corrupt', 'The mark of a committed generation cannot be read.')
}

/** Chunk, format 1: frame, then per operation its type (1 put, 2 del), key and value, each after its size (4 bytes). */
const chunkVersion = 1

function encodeChunk(operations: readonly WriteOperation[]): Buffer {
  const size = operations.reduce((sum, operation) => sum + operationBytes(operation), frameBytes)
  const chunk = Buffer.allocUnsafe(size)
  let offset = frameBytes
  const append = (octets: Buffer) => {
    offset = chunk.writeUInt32BE(octets.length, offset)
    offset += octets.copy(chunk, offset)
  }
  for (const operation of operations) {
    offset = chunk.writeUInt8(operation.type === 'put' ? 1 : 2, offset)
    append(operation.key)
    append(operation.type === 'put' ? operation.value : emptyValue)
  }
  return sealFrame(chunk, chunkVersion)
}

const emptyValue = Buffer.alloc(0)

function decodeChunk(chunk: Buffer): WriteOperation[] {
  checkFrame(chunk, chunkVersion, 'pending chunk')
  const operations: WriteOperation[] = []
  let offset = frameBytes
  const next = () => {
    const start = offset + 4
    offset = start + chunk.readUInt32BE(offset)
    return chunk.subarray(start, offset)
  }
  while (offset < chunk.length) {
    const isPut = chunk.readUInt8(offset++) === 1
    const key = next()
    const value = next()
    operations.push(isPut ? { type: 'put', key, value } : { type: 'del', key })
  }
  return operations
}
