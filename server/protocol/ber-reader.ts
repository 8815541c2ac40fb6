import { knownText } from './known-octets.ts'

/** The subset of BER that LDAP uses (RFC 4511 §5.1): definite lengths, one-octet tags, primitive strings. */

export class BerError extends Error {
  override readonly name = 'BerError'
}

export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const

/**
 * A cursor over the contents of one constructed element. Every length is checked against the end of the enclosing element
 * before use. Octet strings are returned as views on the input, not copies.
 */
export class BerReader {
  readonly buffer: Buffer
  readonly end: number
  position: number

  constructor(buffer: Buffer, position = 0, end = buffer.length) {
    this.buffer = buffer
    this.position = position
    this.end = end
  }

  get isAtEnd(): boolean {
    return this.position >= this.end
  }

  /** The tag of the next element, -1 at the end. */
  peekTag(): number {
    return this.position < this.end ? (this.buffer[this.position] ?? -1) : -1
  }

  /** Moves past tag and length of the next element, which must have `tag`; returns the index where its contents end. */
  enter(tag: number): number {
    const found = this.peekTag()
    if (found !== tag)
      throw new BerError(
        found < 0 ? 'element missing' : `tag 0x${found.toString(16)} where 0x${tag.toString(16)} was expected`,
      )
    this.position += 1
    const length = this.readLength()
    const contentsEnd = this.position + length
    if (contentsEnd > this.end) throw new BerError('length reaches past the enclosing element')
    return contentsEnd
  }

  private readLength(): number {
    const { buffer } = this
    if (this.position >= this.end) throw new BerError('length missing')
    const first = buffer[this.position] ?? 0
    this.position += 1
    if (first < 0x80) return first
    const octets = first & 0x7f
    if (octets === 0) throw new BerError('indefinite length')
    if (octets > 4) throw new BerError('length of more than 4 octets')
    if (this.position + octets > this.end) throw new BerError('length missing')
    const length = buffer.readUIntBE(this.position, octets)
    this.position += octets
    return length
  }

  /** A reader over the contents of the next element, which must have `tag`; this reader moves past it. */
  readConstructed(tag: number): BerReader {
    const contentsEnd = this.enter(tag)
    const inner = new BerReader(this.buffer, this.position, contentsEnd)
    this.position = contentsEnd
    return inner
  }

  readOctets(tag: number = Tag.octetString): Buffer {
    const contentsEnd = this.enter(tag)
    const octets = this.buffer.subarray(this.position, contentsEnd)
    this.position = contentsEnd
    return octets
  }

  /** Text of an LDAPString; octets that are not UTF-8 become U+FFFD, which matches nothing. */
  readText(tag: number = Tag.octetString): string {
    const contentsEnd = this.enter(tag)
    const { position, buffer } = this
    this.position = contentsEnd
    return buffer.toString('utf8', position, contentsEnd)
  }

  /** The same of a name that is sent again and again. */
  readName(tag: number = Tag.octetString): string {
    const contentsEnd = this.enter(tag)
    const { position, buffer } = this
    this.position = contentsEnd
    return knownText(buffer, position, contentsEnd)
  }

  /** INTEGER or ENUMERATED of at most 6 octets (LDAP's own are 0 to 2^31-1). */
  readInteger(tag: number = Tag.integer): number {
    const contentsEnd = this.enter(tag)
    const length = contentsEnd - this.position
    if (length < 1 || length > 6) throw new BerError(`integer of ${length} octets`)
    const { position, buffer } = this
    this.position = contentsEnd
    // Nearly all of LDAP's numbers are of one octet.
    return length === 1 ? ((buffer[position] ?? 0) << 24) >> 24 : buffer.readIntBE(position, length)
  }

  readBoolean(tag: number = Tag.boolean): boolean {
    const contentsEnd = this.enter(tag)
    if (contentsEnd - this.position !== 1) throw new BerError('boolean is not one octet')
    const value = this.buffer[this.position] !== 0
    this.position = contentsEnd
    return value
  }

  /** Moves past the next element, whatever it is (RFC 4511 §4: unknown trailing elements are ignored). */
  skip(): void {
    this.position = this.enter(this.peekTag())
  }
}
