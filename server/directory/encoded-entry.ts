import { Tag } from '../protocol/ber-reader.ts'
import { BerWriter, headerSize } from '../protocol/ber-writer.ts'
import { type AttributeValue, type Entry, valueOctets } from './entry.ts'
import type { AttributeType, Schema } from './schema/schema.ts'

/** One attribute of a {@link Layout}. */
export interface LayoutAttribute {
  /** As served: `cn`, `userCertificate;binary`. */
  readonly description: string
  readonly type: AttributeType
  /** Folded and sorted. */
  readonly options: readonly string[]
}

/** The attributes of an entry in the order they are encoded; entries of one shape share one layout. */
export interface Layout {
  readonly attributes: readonly LayoutAttribute[]
  readonly classNames: readonly string[]
}

/** Another text for every layout. */
export function layoutKey({ attributes, classNames }: Layout): string {
  return keyOf(
    attributes.map(({ description }) => description),
    classNames,
  )
}

function keyOf(descriptions: readonly string[], classNames: readonly string[]): string {
  return [...descriptions, '', ...classNames].join('\0')
}

/**
 * An entry as it goes out: the LDAPDN of its name, then one PartialAttribute after the other (RFC 4511 §4.1.7), so that
 * answering a search is copying. `ends[i]` is where attribute `i` ends; it begins where the one before it, or the name, ends.
 */
export interface EncodedEntry {
  readonly entryUUID: string
  readonly octets: Buffer
  readonly nameEnd: number
  readonly ends: Uint32Array
  readonly layout: Layout
}

/** An entry as it is from now on, or undefined for one that is gone. */
export type EncodedChange = readonly [entryUUID: string, encoded: EncodedEntry | undefined]

/**
 * Attributes computed from an entry or its place: what an entry of a foreign directory says of them is not kept, and they are
 * left out when it is decoded.
 */
const computed = new Set(['entryUUID', 'entryDN', 'structuralObjectClass', 'subschemaSubentry', 'hasSubordinates'])

export const subschemaDn = 'cn=Subschema'

/** Shares layouts between entries of one shape: the same attributes and object classes. One per schema. */
export class LayoutTable {
  readonly schema: Schema
  private readonly layouts = new Map<string, Layout>()

  constructor(schema: Schema) {
    this.schema = schema
  }

  layoutOf(descriptions: readonly string[], classNames: readonly string[]): Layout {
    const key = keyOf(descriptions, classNames)
    const known = this.layouts.get(key)
    if (known) return known
    this.schema.learn(
      descriptions.map((description) => description.split(';')[0] ?? ''),
      classNames,
    )
    const attributes = descriptions.map((description): LayoutAttribute => {
      const known = this.schema.description(description)
      if (!known) throw new Error(`"${description}" is not an attribute description`)
      return { description, type: known.type, options: known.options }
    })
    const layout = { attributes, classNames }
    this.layouts.set(key, layout)
    return layout
  }
}

/**
 * Encodes an entry with the operational attributes that follow from it alone. User attributes come first. An entry without
 * entryUUID is one that the server makes up (root DSE, subschema).
 */
export function encodeEntry(entry: Entry, layouts: LayoutTable): EncodedEntry {
  const { schema } = layouts
  const typeOf = (name: string) => schema.description(name)?.type
  const classNames = [...entry.attributes].flatMap(([name, values]) =>
    typeOf(name)?.name === 'objectClass' ? values.filter((value) => typeof value === 'string') : [],
  )
  const stored = [...entry.attributes].filter(
    ([name, values]) => values.length > 0 && !computed.has(typeOf(name)?.name ?? ''),
  )
  const isOperational = (name: string) => typeOf(name)?.isOperational === true
  const attributes: (readonly [string, readonly AttributeValue[]])[] = [
    ...stored.filter(([name]) => !isOperational(name)),
    ...stored.filter(([name]) => isOperational(name)),
    ...computedAttributes(entry, classNames, schema),
  ]
  const layout = layouts.layoutOf(
    attributes.map(([name]) => name),
    classNames,
  )
  const writer = new BerWriter(1024)
  writer.text(Tag.octetString, entry.dn)
  const nameEnd = writer.length
  const ends = new Uint32Array(attributes.length)
  attributes.forEach(([name, values], index) => {
    writeAttribute(writer, name, values)
    ends[index] = writer.length
  })
  return { entryUUID: entry.entryUUID, octets: writer.take(), nameEnd, ends, layout }
}

function computedAttributes(
  entry: Entry,
  classNames: readonly string[],
  schema: Schema,
): [string, readonly string[]][] {
  const structural = structuralObjectClass(classNames, schema)
  return [
    ...(structural === undefined ? [] : ([['structuralObjectClass', [structural]]] as [string, string[]][])),
    ...(entry.entryUUID === ''
      ? []
      : ([
          ['entryUUID', [entry.entryUUID]],
          ['entryDN', [entry.dn]],
        ] as [string, string[]][])),
    ['subschemaSubentry', [subschemaDn]],
  ]
}

/** The most subordinate of the structural classes (RFC 4512 §2.4.2). */
function structuralObjectClass(classNames: readonly string[], schema: Schema): string | undefined {
  let deepest: { name: string; depth: number } | undefined
  for (const name of classNames) {
    const objectClass = schema.objectClass(name)
    if (objectClass?.kind !== 'STRUCTURAL') continue
    const depth = schema.withSuperiors(objectClass.name).size
    if (!deepest || depth > deepest.depth) deepest = { name: objectClass.name, depth }
  }
  return deepest?.name
}

/** Appends one PartialAttribute. */
function writeAttribute(writer: BerWriter, description: string, values: readonly AttributeValue[]): void {
  const octets = values.map(valueOctets)
  const setLength = octets.reduce((sum, value) => sum + headerSize(value.length) + value.length, 0)
  const nameLength = Buffer.byteLength(description)
  writer.header(Tag.sequence, headerSize(nameLength) + nameLength + headerSize(setLength) + setLength)
  writer.text(Tag.octetString, description)
  writer.header(Tag.set, setLength)
  for (const value of octets) writer.octets(Tag.octetString, value)
}

export function attributeStart(entry: EncodedEntry, index: number): number {
  return index === 0 ? entry.nameEnd : (entry.ends[index - 1] ?? entry.nameEnd)
}

/** Index just past tag and length of the element at `position`. Only for octets this module encoded. */
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
  const name = contentsStart(octets, attributeStart(entry, index))
  return { start: contentsEnd(octets, name), end: entry.ends[index] ?? octets.length }
}

/** The values of attribute `index` as views on the encoded entry. */
export function* encodedValues(entry: EncodedEntry, index: number): Generator<Buffer> {
  const { octets } = entry
  const { start, end } = valueSetRange(entry, index)
  for (let at = contentsStart(octets, start); at < end; ) {
    const valueEnd = contentsEnd(octets, at)
    yield octets.subarray(contentsStart(octets, at), valueEnd)
    at = valueEnd
  }
}

export function entryName(entry: EncodedEntry): string {
  return entry.octets.toString('utf8', contentsStart(entry.octets, 0), entry.nameEnd)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOrOctets(octets: Buffer): AttributeValue {
  const text = octets.toString('utf8')
  // Only a replacement character leaves doubt whether the octets were text.
  if (!text.includes('\uFFFD')) return text
  try {
    return utf8.decode(octets)
  } catch {
    return Uint8Array.from(octets)
  }
}

/** The entry as it was given to {@link encodeEntry}; operational attributes come last. */
export function decodeEntry(encoded: EncodedEntry): Entry {
  const attributes = new Map<string, AttributeValue[]>()
  encoded.layout.attributes.forEach(({ description, type }, index) => {
    if (!computed.has(type.name)) attributes.set(description, Array.from(encodedValues(encoded, index), textOrOctets))
  })
  return { dn: entryName(encoded), entryUUID: encoded.entryUUID, attributes }
}
