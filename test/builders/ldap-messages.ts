import { BerReader, Tag } from '../../server/protocol/ber-reader.ts'
import { element, integerElement, textElement } from '../../server/protocol/ber-writer.ts'
import type { Filter } from '../../server/protocol/filter.ts'
import { Operation } from '../../server/protocol/operation.ts'

const octets = (value: Uint8Array) => element(Tag.octetString, value)
const text = (value: string) => textElement(Tag.octetString, value)
export const boolean = (value: boolean, tag: number = Tag.boolean) => element(tag, Buffer.of(value ? 0xff : 0))

/** Filter in BER (RFC 4511 §4.5.1.7), as a client writes it. */
export function encodeFilter(filter: Filter): Buffer {
  switch (filter.type) {
    case 'and':
      return element(0xa0, ...filter.filters.map(encodeFilter))
    case 'or':
      return element(0xa1, ...filter.filters.map(encodeFilter))
    case 'not':
      return element(0xa2, encodeFilter(filter.filter))
    case 'equality':
      return element(0xa3, text(filter.attribute), octets(filter.value))
    case 'substrings':
      return element(
        0xa4,
        text(filter.attribute),
        element(
          Tag.sequence,
          ...(filter.initial ? [element(0x80, filter.initial)] : []),
          ...filter.any.map((part) => element(0x81, part)),
          ...(filter.final ? [element(0x82, filter.final)] : []),
        ),
      )
    case 'greaterOrEqual':
      return element(0xa5, text(filter.attribute), octets(filter.value))
    case 'lessOrEqual':
      return element(0xa6, text(filter.attribute), octets(filter.value))
    case 'present':
      return textElement(0x87, filter.attribute)
    case 'approx':
      return element(0xa8, text(filter.attribute), octets(filter.value))
    case 'extensible':
      return element(
        0xa9,
        ...(filter.rule === undefined ? [] : [textElement(0x81, filter.rule)]),
        ...(filter.attribute === undefined ? [] : [textElement(0x82, filter.attribute)]),
        element(0x83, filter.value),
        ...(filter.dnAttributes ? [boolean(true, 0x84)] : []),
      )
    case 'unrecognized':
      return element(0xaf)
    default:
      return filter satisfies never
  }
}

export interface SearchFields {
  readonly baseObject?: string
  readonly scope?: number
  readonly derefAliases?: number
  readonly sizeLimit?: number
  readonly timeLimit?: number
  readonly typesOnly?: boolean
  readonly filter?: Buffer
  readonly attributes?: readonly string[]
}

/** The protocolOp of a SearchRequest (RFC 4511 §4.5.1). */
export function searchRequest(fields: SearchFields = {}): Buffer {
  return element(
    Operation.searchRequest,
    text(fields.baseObject ?? 'dc=example,dc=com'),
    integerElement(Tag.enumerated, fields.scope ?? 2),
    integerElement(Tag.enumerated, fields.derefAliases ?? 0),
    integerElement(Tag.integer, fields.sizeLimit ?? 0),
    integerElement(Tag.integer, fields.timeLimit ?? 0),
    boolean(fields.typesOnly ?? false),
    fields.filter ?? textElement(0x87, 'objectClass'),
    element(Tag.sequence, ...(fields.attributes ?? []).map(text)),
  )
}

/** An LDAPMessage (RFC 4511 §4.1.1) around an encoded operation and encoded controls. */
export function message(operation: Buffer, controls?: readonly Buffer[], messageId = 1): Buffer {
  return element(
    Tag.sequence,
    integerElement(Tag.integer, messageId),
    operation,
    ...(controls ? [element(0xa0, ...controls)] : []),
  )
}

export function control(oid: string, isCritical?: boolean, value?: Buffer): Buffer {
  return element(
    Tag.sequence,
    text(oid),
    ...(isCritical === undefined ? [] : [boolean(isCritical)]),
    ...(value ? [octets(value)] : []),
  )
}

export interface SearchResultEntry {
  readonly messageId: number
  readonly dn: string
  /** Attribute description and values, in the order sent. */
  readonly attributes: readonly (readonly [string, readonly string[]])[]
}

/** Reads one SearchResultEntry message; values as UTF-8 text. */
export function readSearchEntry(octets: Buffer): SearchResultEntry {
  const outer = new BerReader(octets)
  const envelope = outer.readConstructed(Tag.sequence)
  const messageId = envelope.readInteger()
  const operation = envelope.readConstructed(Operation.searchResultEntry)
  const dn = operation.readText()
  const list = operation.readConstructed(Tag.sequence)
  const attributes: (readonly [string, string[]])[] = []
  while (!list.isAtEnd) {
    const attribute = list.readConstructed(Tag.sequence)
    const name = attribute.readText()
    const set = attribute.readConstructed(Tag.set)
    const values: string[] = []
    while (!set.isAtEnd) values.push(set.readText())
    if (!attribute.isAtEnd) throw new Error(`octets after attribute ${name}`)
    attributes.push([name, values])
  }
  if (!operation.isAtEnd || !envelope.isAtEnd || !outer.isAtEnd) throw new Error('octets after the entry')
  return { messageId, dn, attributes }
}
