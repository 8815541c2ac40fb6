import { BerError, Tag } from '../protocol/ber-reader.ts'

/**
 * Cuts a byte stream into LDAPMessages (RFC 4511 §5.2). The announced length is checked against `maxBytes` before anything
 * is kept, so that a peer can make this hold no more than one message of the allowed size.
 */
export class FrameReader {
  /** What has arrived and was not handed out: from `start` of `first` on, and then `more`. */
  private first: Buffer = nothing
  private start = 0
  private more: Buffer[] = []
  private buffered = 0
  /** Octets the message under way has in all; undefined until its header is complete. */
  private wanted: number | undefined

  /** Whether part of a message has arrived. */
  get isMidMessage(): boolean {
    return this.buffered > 0
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    if (this.buffered > 0) this.more.push(chunk)
    else {
      this.first = chunk
      this.start = 0
    }
    this.buffered += chunk.length
  }

  /** The next complete message, undefined when more octets are needed. Throws {@link BerError} on what cannot become one. */
  next(maxBytes: number): Buffer | undefined {
    this.wanted ??= this.messageLength(maxBytes)
    if (this.wanted === undefined || this.buffered < this.wanted) return undefined
    this.join(this.wanted)
    const message = this.first.subarray(this.start, this.start + this.wanted)
    this.start += this.wanted
    this.buffered -= this.wanted
    this.wanted = undefined
    if (this.buffered === 0) this.first = nothing
    return message
  }

  /** Forgets what has arrived and was not handed out. */
  discard(): void {
    this.first = nothing
    this.start = 0
    this.more = []
    this.buffered = 0
    this.wanted = undefined
  }

  private messageLength(maxBytes: number): number | undefined {
    if (this.buffered === 0) return undefined
    this.join(longestHeader)
    const { first: octets, start } = this
    if (octets[start] !== Tag.sequence) throw new BerError('not an LDAP message')
    const length = octets[start + 1]
    if (length === undefined) return undefined
    const lengthOctets = length < 0x80 ? 0 : length & 0x7f
    if (length === 0x80 || lengthOctets > 4)
      throw new BerError('length of a message in more than 4 octets or indefinite')
    if (this.buffered < 2 + lengthOctets) return undefined
    const total = 2 + lengthOctets + (lengthOctets === 0 ? length : octets.readUIntBE(start + 2, lengthOctets))
    if (total > maxBytes) throw new BerError(`message of ${total} bytes, more than the ${maxBytes} accepted here`)
    return total
  }

  /** Sees to it that the next `count` octets, or all where they are fewer, are in `first`. */
  private join(count: number): void {
    if (this.more.length === 0 || this.first.length - this.start >= count) return
    this.first = Buffer.concat([this.first.subarray(this.start), ...this.more], this.buffered)
    this.start = 0
    this.more = []
  }
}

const nothing = Buffer.alloc(0)
/** Tag and length. */
const longestHeader = 6
