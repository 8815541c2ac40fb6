import type { AttributeValue, Entry } from '../directory/entry.ts'
import { checkFrame, frameBytes, sealFrame } from './value-frame.ts'

/**
 * Entry, format 1. One read of a directory decodes every entry, so all text is one UTF-8 run that is decoded at once
 * and cut by lengths in UTF-16 units.
 *
 *   frame        5 bytes     value-frame.ts
 *   lengthBytes  4 bytes     size of `lengths`, big endian
 *   textBytes    4 bytes     size of `text`, big endian
 *   lengths      varints     DN; number of attributes; per attribute: name, number of values,
 *                            per value: 2 × UTF-16 units of a text, or 2 × bytes + 1 of octets
 *   text         UTF-8       entryUUID (36), DN, then names and text values in order
 *   octets                   octet values in order
 */
const version = 1
const headBytes = frameBytes + 8
const uuidLength = 36

/** Text is well formed and no attribute is empty: stored-form.ts sees to both. */
export function encodeEntry(entry: Entry): Buffer {
  const lengths: number[] = [entry.dn.length, entry.attributes.size]
  const octets: Uint8Array[] = []
  let octetBytes = 0
  let text = entry.entryUUID + entry.dn
  for (const [name, values] of entry.attributes) {
    lengths.push(name.length, values.length)
    text += name
    for (const value of values) {
      if (typeof value === 'string') {
        lengths.push(value.length * 2)
        text += value
      } else {
        lengths.push(value.length * 2 + 1)
        octets.push(value)
        octetBytes += value.length
      }
    }
  }
  const lengthBytes = lengths.reduce((sum, length) => sum + varintBytes(length), 0)
  const textBytes = Buffer.byteLength(text)
  const buffer = Buffer.allocUnsafe(headBytes + lengthBytes + textBytes + octetBytes)
  buffer.writeUInt32BE(lengthBytes, frameBytes)
  buffer.writeUInt32BE(textBytes, frameBytes + 4)
  let offset = headBytes
  for (const length of lengths) offset = writeVarint(buffer, offset, length)
  offset += buffer.write(text, offset)
  for (const value of octets) {
    buffer.set(value, offset)
    offset += value.length
  }
  return sealFrame(buffer, version)
}

/** Throws `StoreError` `corrupt` for a damaged value or another format. Octet values are copies. */
export function decodeEntry(buffer: Buffer): Entry {
  checkFrame(buffer, version, 'entry')
  const lengths = new VarintReader(buffer, headBytes)
  const textStart = headBytes + buffer.readUInt32BE(frameBytes)
  let octetOffset = textStart + buffer.readUInt32BE(frameBytes + 4)
  const text = buffer.toString('utf8', textStart, octetOffset)
  let textOffset = uuidLength
  const nextText = (length: number) => text.substring(textOffset, (textOffset += length))
  const nextOctets = (length: number) => new Uint8Array(buffer.subarray(octetOffset, (octetOffset += length)))

  const dn = nextText(lengths.next())
  const attributes = new Map<string, readonly AttributeValue[]>()
  for (let remaining = lengths.next(); remaining > 0; remaining--) {
    const name = sharedName(nextText(lengths.next()))
    const values: AttributeValue[] = []
    for (let count = lengths.next(); count > 0; count--) {
      const length = lengths.next()
      values.push(length % 2 === 0 ? nextText(length >>> 1) : nextOctets(length >>> 1))
    }
    attributes.set(name, values)
  }
  return { dn, entryUUID: text.substring(0, uuidLength), attributes }
}

// One string per attribute description instead of one per entry; bounded because LDIF files bring their own names.
const sharedNames = new Map<string, string>()
const maxSharedNames = 4096

function sharedName(name: string): string {
  const shared = sharedNames.get(name)
  if (shared !== undefined) return shared
  if (sharedNames.size < maxSharedNames) sharedNames.set(name, name)
  return name
}

// Unsigned LEB128 of at most 32 bits.
function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value >>> 7; rest !== 0; rest >>>= 7) bytes++
  return bytes
}

function writeVarint(buffer: Buffer, start: number, value: number): number {
  let offset = start
  let rest = value >>> 0
  while (rest > 0x7f) {
    buffer[offset++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[offset++] = rest
  return offset
}

class VarintReader {
  readonly #buffer: Buffer
  #offset: number

  constructor(buffer: Buffer, offset: number) {
    this.#buffer = buffer
    this.#offset = offset
  }

  next(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      // The checksum has vouched for the bytes; past the end reads as 0, which ends the number.
      const byte = this.#buffer[this.#offset++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }
}
