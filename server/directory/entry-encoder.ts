import { Tag } from '../protocol/ber-reader.ts'
import { BerWriter, headerSize } from '../protocol/ber-writer.ts'
import { normalizeDn } from '../protocol/distinguished-name.ts'
import type { AttributeValue, Entry } from './entry.ts'
import { recordHeadWords, writeRecordHead } from './encoded-entry.ts'
import { type LayoutTable, subschemaDn } from './entry-layout.ts'
import type { Arena } from './memory/arena.ts'

/** Empty between two entries. */
const writer = new BerWriter(64 * 1024)

/**
 * Puts an entry into the arena, with the operational attributes that follow from it alone, and returns its address. User attributes come
 * first. An entry without entryUUID is one that the server makes up (root DSE, subschema).
 */
export function encodeEntry(entry: Entry, layouts: LayoutTable, arena: Arena): number {
  const { layout, attributes, structural } = layouts.shapeOf(entry)
  const key = normalizeDn(entry.dn)
  const stored = [...entry.attributes.values()]
  writer.text(Tag.octetString, entry.dn)
  const ends: number[] = [writer.length]
  for (let index = 0; index < attributes.length; index += 1) {
    const { description, place } = attributes[index] ?? { description: emptyOctets, place: -1 }
    const values = stored[place] ?? [computedValue(entry, layout.attributes[index]?.description, structural)]
    writeAttribute(description, values)
    ends.push(writer.length)
  }
  const keyOctets = Buffer.byteLength(key)
  const uuidOctets = entry.entryUUID.length
  const head = (recordHeadWords + attributes.length) * 4
  const octets = (head + uuidOctets + keyOctets + writer.length + 3) & ~3
  const { slab, offset, address } = arena.reserve(octets)
  writeRecordHead(
    slab,
    offset,
    { octets, layout: layout.number, version: arena.nextVersion() },
    { uuidOctets, keyOctets, ends },
  )
  let at = offset + head
  at += slab.octets.write(entry.entryUUID, at, uuidOctets, 'latin1')
  at += slab.octets.write(key, at, keyOctets, 'utf8')
  writer.moveTo(slab.octets, at)
  return address
}

const emptyOctets = Buffer.alloc(0)

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
