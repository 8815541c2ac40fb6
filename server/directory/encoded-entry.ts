import type { Slab } from './memory/arena.ts'
import type { AttributeValue, Entry } from './entry.ts'
import { computedAttributes, type Layout } from './entry-layout.ts'

/*
 * The record of an entry:
 *
 *   words    octets in all, number of the layout, version, octets of the entryUUID, octets of the DN key, end of the name;
 *            then where each attribute ends
 *   octets   entryUUID, DN key, name, attributes
 *
 * Name and attributes are as they go out: the LDAPDN of the name, then one PartialAttribute after the other (RFC 4511 §4.1.7), so
 * that answering a search is copying. Ends are counted from the beginning of the record.
 */
const place = { octets: 0, layout: 1, version: 2, uuidOctets: 3, keyOctets: 4, nameEnd: 5 } as const
export const recordHeadWords = 6

/** A record where it lies. */
export class EncodedEntry {
  readonly octets: Buffer
  readonly layout: Layout
  private readonly words: Uint32Array
  private readonly start: number
  private readonly at: number

  constructor({ octets, words }: Slab, offset: number, layouts: readonly Layout[]) {
    this.octets = octets
    this.words = words
    this.start = offset
    this.at = offset >>> 2
    const layout = layouts[words[this.at + place.layout] ?? -1]
    if (layout === undefined) throw new Error('a record has a layout that nobody knows')
    this.layout = layout
  }

  private word(index: number): number {
    return this.words[this.at + index] ?? 0
  }

  /** Octets of the record. */
  get size(): number {
    return this.word(place.octets)
  }

  /** Another one for everything that was ever encoded. */
  get version(): number {
    return this.word(place.version)
  }

  private get uuidStart(): number {
    return this.start + (recordHeadWords + this.layout.attributes.length) * 4
  }

  /** Empty for an entry that the server makes up. */
  get entryUUID(): string {
    const start = this.uuidStart
    return this.octets.toString('latin1', start, start + this.word(place.uuidOctets))
  }

  get keyStart(): number {
    return this.uuidStart + this.word(place.uuidOctets)
  }

  /** The DN key ({@link normalizeDn}). */
  get key(): string {
    return this.octets.toString('utf8', this.keyStart, this.nameStart)
  }

  /** Whether it is the entry with this DN key, or one below it: keys have the root first. */
  isWithin(baseKey: string): boolean {
    const start = this.keyStart
    if (this.word(place.keyOctets) < baseKey.length) return false
    for (let i = 0; i < baseKey.length; i += 1) {
      const code = baseKey.charCodeAt(i)
      if (code > 0x7f) return this.key.startsWith(baseKey)
      if (code !== this.octets[start + i]) return false
    }
    return true
  }

  get nameStart(): number {
    return this.keyStart + this.word(place.keyOctets)
  }

  get nameEnd(): number {
    return this.start + this.word(place.nameEnd)
  }

  attributeStart(index: number): number {
    return this.start + this.word(index === 0 ? place.nameEnd : recordHeadWords + index - 1)
  }

  attributeEnd(index: number): number {
    return this.start + this.word(recordHeadWords + index)
  }
}

/** Octets of the record at an offset of a slab. */
export function recordSize({ words }: Slab, offset: number): number {
  return words[(offset >>> 2) + place.octets] ?? 0
}

/** Writes the head of a record; `ends` holds the end of the name and then those of the attributes. */
export function writeRecordHead(
  { words }: Slab,
  offset: number,
  head: { readonly octets: number; readonly layout: number; readonly version: number },
  parts: { readonly uuidOctets: number; readonly keyOctets: number; readonly ends: ArrayLike<number> },
): void {
  const at = offset >>> 2
  words[at + place.octets] = head.octets
  words[at + place.layout] = head.layout
  words[at + place.version] = head.version
  words[at + place.uuidOctets] = parts.uuidOctets
  words[at + place.keyOctets] = parts.keyOctets
  const base = recordHeadWords * 4 + (parts.ends.length - 1) * 4 + parts.uuidOctets + parts.keyOctets
  for (let index = 0; index < parts.ends.length; index += 1)
    words[at + place.nameEnd + index] = base + (parts.ends[index] ?? 0)
}

/** Index just past tag and length of the element at `position`. Only for octets of records. */
function contentsStart(octets: Buffer, position: number): number {
  const first = octets[position + 1] ?? 0
  return position + 2 + (first < 0x80 ? 0 : first & 0x7f)
}

function contentsEnd(octets: Buffer, position: number): number {
  const first = octets[position + 1] ?? 0
  if (first < 0x80) return position + 2 + first
  const size = first & 0x7f
  return position + 2 + size + octets.readUIntBE(position + 2, size)
}

/** Start and end of the encoded SET OF values of attribute `index`, tag and length included. */
export function valueSetRange(entry: EncodedEntry, index: number): { start: number; end: number } {
  const { octets } = entry
  const name = contentsStart(octets, entry.attributeStart(index))
  return { start: contentsEnd(octets, name), end: entry.attributeEnd(index) }
}

/** The values of attribute `index` as views on the record. */
export function* encodedValues(entry: EncodedEntry, index: number): Generator<Buffer> {
  const { octets } = entry
  const { start, end } = valueSetRange(entry, index)
  for (let at = contentsStart(octets, start); at < end; ) {
    const valueEnd = contentsEnd(octets, at)
    yield octets.subarray(contentsStart(octets, at), valueEnd)
    at = valueEnd
  }
}

/** Gives each value of attribute `index` to `visit`, as a range of the octets. */
export function visitValues(
  entry: EncodedEntry,
  index: number,
  visit: (octets: Buffer, start: number, end: number) => void,
): void {
  const { octets } = entry
  const { start, end } = valueSetRange(entry, index)
  for (let at = contentsStart(octets, start); at < end; ) {
    const valueEnd = contentsEnd(octets, at)
    visit(octets, contentsStart(octets, at), valueEnd)
    at = valueEnd
  }
}

export function entryName(entry: EncodedEntry): string {
  return entry.octets.toString('utf8', contentsStart(entry.octets, entry.nameStart), entry.nameEnd)
}

/** The octets of an entry's DN, without tag and length. */
export function nameOctets(entry: EncodedEntry): Buffer {
  return entry.octets.subarray(contentsStart(entry.octets, entry.nameStart), entry.nameEnd)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOrOctets(octets: Buffer, start: number, end: number): AttributeValue {
  const text = octets.toString('utf8', start, end)
  // Only a replacement character leaves doubt whether the octets were text.
  if (!text.includes('\uFFFD')) return text
  const own = octets.subarray(start, end)
  try {
    return utf8.decode(own)
  } catch {
    return Uint8Array.from(own)
  }
}

/** The entry as it was encoded; operational attributes come last. */
export function decodeEntry(encoded: EncodedEntry): Entry {
  const { octets, layout } = encoded
  const attributes = new Map<string, AttributeValue[]>()
  for (const [index, { description, type }] of layout.attributes.entries()) {
    if (computedAttributes.has(type.name)) continue
    const { start, end } = valueSetRange(encoded, index)
    const values: AttributeValue[] = []
    for (let at = contentsStart(octets, start); at < end; ) {
      const valueEnd = contentsEnd(octets, at)
      values.push(textOrOctets(octets, contentsStart(octets, at), valueEnd))
      at = valueEnd
    }
    attributes.set(description, values)
  }
  return { dn: entryName(encoded), entryUUID: encoded.entryUUID, attributes }
}
