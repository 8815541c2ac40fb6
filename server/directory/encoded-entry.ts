import { Tag } from '../protocol/ber-reader.ts'
import { BerWriter, headerSize, textElement } from '../protocol/ber-writer.ts'
import type { AttributeValue, Entry } from './entry.ts'
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

/** How entries of one shape, the same attributes in the same order and the same object classes, are encoded. */
interface Shape {
  readonly layout: Layout
  /** For each attribute of the layout its encoded description, and its place among those of the entry; -1: it is computed. */
  readonly attributes: readonly { readonly description: Buffer; readonly place: number }[]
  readonly structural: string | undefined
}

/** LDIF files bring their own shapes. */
const shapesKept = 1000

/** Shares layouts between entries of one shape: the same attributes and object classes. One per schema. */
export class LayoutTable {
  readonly schema: Schema
  private readonly layouts = new Map<string, Layout>()
  private readonly shapes = new Map<string, Shape>()

  shapeOf({ attributes, entryUUID }: Entry): Shape {
    let key = entryUUID === '' ? '' : '+'
    for (const [name, values] of attributes) {
      key += `\0${name}`
      if (values.length === 0) key += '\x01'
      else if (/^(objectclass|2\.5\.4\.0)/i.test(name)) key += `\x01${values.join('\x01')}`
    }
    const known = this.shapes.get(key)
    if (known !== undefined) return known
    const shape = this.newShape(attributes, entryUUID !== '')
    if (this.shapes.size >= shapesKept) this.shapes.clear()
    this.shapes.set(key, shape)
    return shape
  }

  private newShape(attributes: Entry['attributes'], hasUuid: boolean): Shape {
    const { schema } = this
    const typeOf = (name: string) => schema.description(name)?.type
    const classNames = [...attributes].flatMap(([name, values]) =>
      typeOf(name)?.name === 'objectClass' ? values.filter((value) => typeof value === 'string') : [],
    )
    this.learn([...attributes.keys()], classNames)
    const stored = [...attributes].flatMap(([name, values], place) =>
      values.length > 0 && !computed.has(typeOf(name)?.name ?? '') ? [{ name, place }] : [],
    )
    const isOperational = ({ name }: { name: string }) => typeOf(name)?.isOperational === true
    const structural = structuralObjectClass(classNames, schema)
    const all = [
      ...stored.filter((one) => !isOperational(one)),
      ...stored.filter(isOperational),
      ...[
        ...(structural === undefined ? [] : ['structuralObjectClass']),
        ...(hasUuid ? ['entryUUID', 'entryDN'] : []),
        'subschemaSubentry',
      ].map((name) => ({ name, place: -1 })),
    ]
    const layout = this.layoutOf(
      all.map(({ name }) => name),
      classNames,
    )
    const encoded = all.map(({ name, place }) => ({ description: textElement(Tag.octetString, name), place }))
    return { layout, attributes: encoded, structural }
  }

  constructor(schema: Schema) {
    this.schema = schema
  }

  layoutOf(descriptions: readonly string[], classNames: readonly string[]): Layout {
    const key = keyOf(descriptions, classNames)
    const known = this.layouts.get(key)
    if (known) return known
    this.learn(descriptions, classNames)
    const attributes = descriptions.map((description): LayoutAttribute => {
      const known = this.schema.description(description)
      if (!known) throw new Error(`"${description}" is not an attribute description`)
      return { description, type: known.type, options: known.options }
    })
    const layout = { attributes, classNames }
    this.layouts.set(key, layout)
    return layout
  }

  private learn(descriptions: readonly string[], classNames: readonly string[]): void {
    this.schema.learn(
      descriptions.map((description) => description.split(';')[0] ?? ''),
      classNames,
    )
  }
}

/**
 * Encodes an entry with the operational attributes that follow from it alone. User attributes come first. An entry without
 * entryUUID is one that the server makes up (root DSE, subschema).
 */
export function encodeEntry(entry: Entry, layouts: LayoutTable): EncodedEntry {
  const { layout, attributes, structural } = layouts.shapeOf(entry)
  const stored = [...entry.attributes.values()]
  writer.text(Tag.octetString, entry.dn)
  const nameEnd = writer.length
  const ends = new Uint32Array(attributes.length)
  for (const [index, { description, place }] of attributes.entries()) {
    const values = stored[place] ?? [computedValue(entry, layout.attributes[index]?.description, structural)]
    writeAttribute(description, values)
    ends[index] = writer.length
  }
  return { entryUUID: entry.entryUUID, octets: writer.take(), nameEnd, ends, layout }
}

/** Empty between two entries. */
const writer = new BerWriter()

function computedValue(entry: Entry, description: string | undefined, structural: string | undefined): string {
  switch (description) {
    case 'structuralObjectClass':
      return structural ?? ''
    case 'entryUUID':
      return entry.entryUUID
    case 'entryDN':
      return entry.dn
    default:
      return subschemaDn
  }
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
function writeAttribute(description: Buffer, values: readonly AttributeValue[]): void {
  let setLength = 0
  for (const value of values) {
    const length = octetLength(value)
    setLength += headerSize(length) + length
  }
  writer.header(Tag.sequence, description.length + headerSize(setLength) + setLength)
  writer.raw(description)
  writer.header(Tag.set, setLength)
  for (const value of values) {
    if (typeof value === 'string') writer.text(Tag.octetString, value)
    else writer.octets(Tag.octetString, value)
  }
}

function octetLength(value: AttributeValue): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
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

/** The entry as it was given to {@link encodeEntry}; operational attributes come last. */
export function decodeEntry(encoded: EncodedEntry): Entry {
  const { octets, layout } = encoded
  const attributes = new Map<string, AttributeValue[]>()
  for (const [index, { description, type }] of layout.attributes.entries()) {
    if (computed.has(type.name)) continue
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
