import { Tag } from './ber-reader.ts'
import type { BufferPool } from './buffer-pool.ts'

/** Octets that tag and length of an element with `length` octets of contents take. */
export function headerSize(length: number): number {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : length < 0x1000000 ? 5 : 6
}

const initialSize = 4096

/**
 * Grows as elements are appended. Whoever appends a constructed element says the length of its contents first, which keeps
 * every octet written once.
 */
export class BerWriter {
  private readonly pool: BufferPool | undefined
  private buffer: Buffer
  private used = 0

  /** With a pool it holds no buffer while it is empty. */
  constructor(from: number | BufferPool = initialSize) {
    this.pool = typeof from === 'number' ? undefined : from
    this.buffer = typeof from === 'number' ? Buffer.allocUnsafe(from) : nothing
  }

  get length(): number {
    return this.used
  }

  /** Room for `size` more octets; returns the index where they begin. */
  private reserve(size: number): number {
    const start = this.used
    const needed = start + size
    if (needed > this.buffer.length) this.grow(needed)
    this.used = needed
    return start
  }

  private grow(needed: number): void {
    const { buffer, pool, used } = this
    const isFirst = buffer === nothing && pool !== undefined && needed <= pool.octets
    this.buffer = isFirst ? pool.take() : Buffer.allocUnsafe(Math.max(needed, buffer.length * 2))
    buffer.copy(this.buffer, 0, 0, used)
    this.release(buffer)
  }

  private release(buffer: Buffer): void {
    if (buffer.length === this.pool?.octets) this.pool.give(buffer)
  }

  header(tag: number, length: number): void {
    const size = headerSize(length)
    const at = this.reserve(size)
    const { buffer } = this
    buffer[at] = tag
    if (size === 2) {
      buffer[at + 1] = length
    } else {
      buffer[at + 1] = 0x80 | (size - 2)
      for (let place = at + size - 1, rest = length; place > at + 1; place -= 1, rest >>>= 8)
        buffer[place] = rest & 0xff
    }
  }

  /** Appends octets that are already encoded. */
  raw(octets: Uint8Array): void {
    const at = this.reserve(octets.length)
    this.buffer.set(octets, at)
  }

  /** Appends a part of an encoded buffer. */
  copy(source: Buffer, start: number, end: number): void {
    const at = this.reserve(end - start)
    source.copy(this.buffer, at, start, end)
  }

  octets(tag: number, octets: Uint8Array): void {
    this.header(tag, octets.length)
    this.raw(octets)
  }

  text(tag: number, text: string): void {
    const length = Buffer.byteLength(text)
    this.header(tag, length)
    const at = this.reserve(length)
    // As many octets as characters: all of it is ASCII, which is copied faster.
    this.buffer.write(text, at, length, length === text.length ? 'latin1' : 'utf8')
  }

  integer(tag: number, value: number): void {
    const size = integerSize(value)
    this.header(tag, size)
    const at = this.reserve(size)
    this.buffer.writeIntBE(value, at, size)
  }

  boolean(value: boolean): void {
    this.header(Tag.boolean, 1)
    const at = this.reserve(1)
    this.buffer[at] = value ? 0xff : 0
  }

  /** Copies what was written so far to where the caller has made room; the writer is empty afterwards. */
  moveTo(target: Buffer, at: number): void {
    this.buffer.copy(target, at, 0, this.used)
    this.used = 0
  }

  /** What was written so far; the writer is empty afterwards. The octets belong to the caller. */
  take(): Buffer {
    const { buffer, used } = this
    this.used = 0
    if (this.pool) {
      const octets = Buffer.from(buffer.subarray(0, used))
      this.buffer = nothing
      this.release(buffer)
      return octets
    }
    if (used <= initialSize) return Buffer.from(buffer.subarray(0, used))
    this.buffer = Buffer.allocUnsafe(initialSize)
    return buffer.subarray(0, used)
  }

  /**
   * Hands what was written so far to `send`, which says whether the octets have been read already, or else calls back once they are, if their
   * buffer is to be used again; the writer is empty afterwards.
   */
  sendTo(send: (octets: Buffer, done: () => void) => boolean): void {
    const { buffer, used } = this
    this.used = 0
    this.buffer = nothing
    const done = () => this.release(buffer)
    if (send(buffer.subarray(0, used), done)) done()
  }
}

const nothing = Buffer.alloc(0)

/** Contents octets of the shortest two's complement form (X.690 §8.3). */
export function integerSize(value: number): number {
  let size = 1
  let limit = 0x80
  while (value >= limit || value < -limit) {
    size += 1
    limit *= 0x100
  }
  return size
}

/** One element around parts that are already encoded. For what is rare or small; the hot path appends to a writer. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const writer = new BerWriter(64)
  writer.header(
    tag,
    parts.reduce((sum, part) => sum + part.length, 0),
  )
  for (const part of parts) writer.raw(part)
  return writer.take()
}

export function textElement(tag: number, text: string): Buffer {
  return element(tag, Buffer.from(text))
}

export function integerElement(tag: number, value: number): Buffer {
  const writer = new BerWriter(16)
  writer.integer(tag, value)
  return writer.take()
}
