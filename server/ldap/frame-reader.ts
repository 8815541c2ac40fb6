import { BerError, Tag } from '../protocol/ber-reader.ts'

/**
 * Cuts a byte stream into LDAPMessages (RFC 4511 §5.2). The announced length is checked against `maxBytes` before anything
 * is kept, so that a peer can make this hold no more than one message of the allowed size.
 */
export class FrameReader {
  private chunks: Buffer[] = []
  private buffered = 0
  /** Octets the message under way has in all; undefined until its header is complete. */
  private wanted: number | undefined

  /** Whether part of a message has arrived. */
  get isMidMessage(): boolean {
    return this.buffered > 0
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.chunks.push(chunk)
    this.buffered += chunk.length
  }

  /** The next complete message, undefined when more octets are needed. Throws {@link BerError} on what cannot become one. */
  next(maxBytes: number): Buffer | undefined {
    this.wanted ??= this.messageLength(maxBytes)
    if (this.wanted === undefined || this.buffered < this.wanted) return undefined
    const [first] = this.chunks
    const all = this.chunks.length === 1 && first ? first : Buffer.concat(this.chunks, this.buffered)
    const message = all.subarray(0, this.wanted)
    this.buffered -= this.wanted
    this.chunks = this.buffered > 0 ? [all.subarray(this.wanted)] : []
    this.wanted = undefined
    return message
  }

  /** Forgets what has arrived and was not handed out. */
  discard(): void {
    this.chunks = []
    this.buffered = 0
    this.wanted = undefined
  }

  private messageLength(maxBytes: number): number | undefined {
    if (this.buffered === 0) return undefined
    const header = this.peek(6)
    if (header[0] !== Tag.sequence) throw new BerError('not an LDAP message')
    const first = header[1]
    if (first === undefined) return undefined
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f
    if (first === 0x80 || lengthOctets > 4)
      throw new BerError('length of a message in more than 4 octets or indefinite')
    if (header.length < 2 + lengthOctets) return undefined
    const total = 2 + lengthOctets + (lengthOctets === 0 ? first : header.readUIntBE(2, lengthOctets))
    if (total > maxBytes) throw new BerError(`message of ${total} bytes, more than the ${maxBytes} accepted here`)
    return total
  }

  /** The first `count` octets, fewer when fewer have arrived. */
  private peek(count: number): Buffer {
    const [first] = this.chunks
    if (first && first.length >= count) return first.subarray(0, count)
    return Buffer.concat(this.chunks.slice(0, count)).subarray(0, count)
  }
}
