import { BerError, BerReader } from './ber-reader.ts'
import { prepareString } from './string-preparation.ts'

/** One attribute value of an RDN. Octets appear only for values that are not UTF-8 text. */
export interface AttributeTypeAndValue {
  /** As written: a short name or a dotted OID. */
  readonly type: string
  readonly value: string | Uint8Array
}
export type Rdn = readonly AttributeTypeAndValue[]
/** Most specific RDN first, as in the text form (RFC 4514). */
export type Dn = readonly Rdn[]

export class DnSyntaxError extends Error {
  override readonly name = 'DnSyntaxError'
  /** 1-based. */
  readonly column: number

  constructor(text: string, column: number, problem: string) {
    super(`"${text.length > 200 ? `${text.slice(0, 200)}…` : text}" is not a DN: ${problem} at column ${column}`)
    this.column = column
  }
}

// Attribute types that name entries, by every spelling met in DNs (RFC 4514 §3, RFC 4519, RFC 2985); folded.
const namingTypes = new Map<string, string>()
for (const [canonical, ...spellings] of [
  ['cn', 'commonname', '2.5.4.3'],
  ['sn', 'surname', '2.5.4.4'],
  ['serialnumber', '2.5.4.5'],
  ['c', 'countryname', '2.5.4.6'],
  ['l', 'localityname', '2.5.4.7'],
  ['st', 'stateorprovincename', '2.5.4.8'],
  ['street', 'streetaddress', '2.5.4.9'],
  ['o', 'organizationname', '2.5.4.10'],
  ['ou', 'organizationalunitname', '2.5.4.11'],
  ['title', '2.5.4.12'],
  ['uid', 'userid', '0.9.2342.19200300.100.1.1'],
  ['dc', 'domaincomponent', '0.9.2342.19200300.100.1.25'],
  ['mail', 'rfc822mailbox', '0.9.2342.19200300.100.1.3'],
  ['uidnumber', '1.3.6.1.1.1.1.0'],
  ['gidnumber', '1.3.6.1.1.1.1.1'],
] as const) {
  namingTypes.set(canonical, canonical)
  for (const spelling of spellings) namingTypes.set(spelling, canonical)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const attributeType = /(?:oid\.)?[0-9]+(?:\.[0-9]+)*|[a-z][a-z0-9-]*/iy
const hexPair = /^[0-9A-Fa-f]{2}$/
const maxRdns = 4096

/**
 * Parses the text form of a DN (RFC 4514 §3; spaces around `,` `+` `=` and the separator `;` of RFC 2253 are accepted).
 * Throws {@link DnSyntaxError}.
 */
export function parseDn(text: string): Dn {
  const dn: Rdn[] = []
  let at = skipSpaces(text, 0)
  if (at === text.length) return dn
  for (;;) {
    const rdn: AttributeTypeAndValue[] = []
    for (;;) {
      const typeStart = skipSpaces(text, at)
      attributeType.lastIndex = typeStart
      const match = attributeType.exec(text)
      if (!match)
        throw new DnSyntaxError(text, typeStart + 1, typeStart >= text.length ? 'empty RDN' : 'no attribute type')
      at = skipSpaces(text, typeStart + match[0].length)
      if (text[at] !== '=') throw new DnSyntaxError(text, at + 1, 'expected "="')
      const parsed = parseValue(text, skipSpaces(text, at + 1))
      rdn.push({ type: match[0].replace(/^oid\./i, ''), value: parsed.value })
      at = parsed.end
      if (text[at] !== '+') break
      at += 1
    }
    dn.push(rdn)
    if (dn.length > maxRdns) throw new DnSyntaxError(text, at + 1, `more than ${maxRdns} RDNs`)
    if (at >= text.length) return dn
    at += 1 // the separator
  }
}

function skipSpaces(text: string, at: number): number {
  let next = at
  while (text.charCodeAt(next) === 0x20) next += 1
  return next
}

interface ParsedValue {
  readonly value: string | Uint8Array
  /** Index of the separator that ended the value, or the length of the text. */
  readonly end: number
}

function parseValue(text: string, start: number): ParsedValue {
  if (text[start] === '#') return parseHexValue(text, start)
  if (text[start] === '"') return parseQuotedValue(text, start)
  let at = start
  let segment = start
  let trimTo = start // unescaped trailing spaces are not part of the value
  const parts: (string | number)[] = []
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x2c || code === 0x2b || code === 0x3b) break // , + ;
    if (code === 0x5c) {
      if (at > segment) parts.push(text.slice(segment, at))
      const escaped = readEscape(text, at)
      parts.push(escaped.part)
      at = escaped.end - 1
      segment = escaped.end
      trimTo = escaped.end
    } else if (code === 0x22 || code === 0x3c || code === 0x3e || code === 0) {
      throw new DnSyntaxError(text, at + 1, `unescaped ${JSON.stringify(text[at])}`)
    } else if (code !== 0x20) {
      trimTo = at + 1
    }
  }
  if (trimTo > segment) parts.push(text.slice(segment, trimTo))
  return { value: joinParts(parts), end: at }
}

function readEscape(text: string, at: number): { part: string | number; end: number } {
  const pair = text.slice(at + 1, at + 3)
  if (hexPair.test(pair)) return { part: Number.parseInt(pair, 16), end: at + 3 }
  const next = text[at + 1]
  if (next !== undefined && ' "#+,;<=>\\'.includes(next)) return { part: next, end: at + 2 }
  throw new DnSyntaxError(text, at + 1, 'incomplete escape')
}

/** Parts are text or single octets from `\xx`; octets that do not form UTF-8 make the whole value octets. */
function joinParts(parts: readonly (string | number)[]): string | Uint8Array {
  if (parts.every((part) => typeof part === 'string')) return parts.join('')
  return textOrOctets(
    Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part)))),
  )
}

function textOrOctets(octets: Buffer): string | Buffer {
  try {
    return utf8.decode(octets)
  } catch {
    return octets
  }
}

/** `"..."` of RFC 2253 §4, still written by old clients. */
function parseQuotedValue(text: string, start: number): ParsedValue {
  const parts: (string | number)[] = []
  let at = start + 1
  for (;;) {
    if (at >= text.length) throw new DnSyntaxError(text, start + 1, 'unclosed quote')
    if (text[at] === '"') break
    if (text[at] === '\\') {
      const escaped = readEscape(text, at)
      parts.push(escaped.part)
      at = escaped.end
    } else {
      const next = /["\\]/g
      next.lastIndex = at
      const end = next.exec(text)?.index ?? text.length
      parts.push(text.slice(at, end))
      at = end
    }
  }
  return { value: joinParts(parts), end: expectSeparator(text, at + 1) }
}

/** `#` and the BER encoding of the value in hex (RFC 4514 §2.4); only the contents of the outer element are kept. */
function parseHexValue(text: string, start: number): ParsedValue {
  const hex = /^(?:[0-9A-Fa-f]{2})+/.exec(text.slice(start + 1))?.[0]
  if (hex === undefined) throw new DnSyntaxError(text, start + 1, 'no hex digits after "#"')
  const contents = berContents(Buffer.from(hex, 'hex'))
  if (!contents) throw new DnSyntaxError(text, start + 1, 'hex value is not a BER element')
  return { value: textOrOctets(contents), end: expectSeparator(text, start + 1 + hex.length) }
}

/** Undefined unless the octets are exactly one element. */
function berContents(octets: Buffer): Buffer | undefined {
  const reader = new BerReader(octets)
  try {
    const contents = reader.readOctets(reader.peekTag())
    return reader.isAtEnd ? contents : undefined
  } catch (error) {
    if (error instanceof BerError) return undefined
    throw error
  }
}

function expectSeparator(text: string, at: number): number {
  const end = skipSpaces(text, at)
  if (end < text.length && !',+;'.includes(text[end] ?? ''))
    throw new DnSyntaxError(text, end + 1, 'expected a separator')
  return end
}

/** The text form of one value, escaped as RFC 4514 §2.4 says. */
export function escapeDnValue(value: string): string {
  let escaped = value.replace(/[",+;<>\\=]/g, '\\$&').replaceAll('\0', '\\00')
  if (escaped.startsWith('#') || escaped.startsWith(' ')) escaped = `\\${escaped}`
  if (escaped.endsWith(' ') && value.length > 1) escaped = `${escaped.slice(0, -1)}\\ `
  return escaped
}

function formatValue(value: string | Uint8Array): string {
  if (typeof value === 'string') return escapeDnValue(value)
  return Array.from(value, (octet) => `\\${octet.toString(16).padStart(2, '0')}`).join('')
}

export function formatDn(dn: Dn): string {
  return dn.map((rdn) => rdn.map(({ type, value }) => `${type}=${formatValue(value)}`).join('+')).join(',')
}

/** Folds an attribute type of a DN to the one spelling that keys use. */
export function canonicalNamingType(type: string): string {
  const folded = type.toLowerCase()
  return namingTypes.get(folded) ?? folded
}

const keySpecials = /[\0+\\]/g

function normalizeRdn(rdn: Rdn): string {
  const parts = rdn.map(({ type, value }) => `${canonicalNamingType(type)}=${normalizeValue(value)}`)
  return parts.length === 1 ? `${parts[0]}\0` : `${parts.sort().join('+')}\0`
}

/** Text never holds an unescaped backslash, so octets (`\#ff`) and text cannot be mistaken for each other. */
function normalizeValue(value: string | Uint8Array): string {
  if (typeof value !== 'string') return `\\#${Buffer.from(value).toString('hex')}`
  return prepareString(value, true).replace(keySpecials, (c) => `\\${c.charCodeAt(0).toString(16)}`)
}

/**
 * The key of a DN: equal for equal DNs (types by any name, values by caseIgnoreMatch), RDNs root first, each ended by NUL,
 * so that a subtree is a range of keys and `key.startsWith(baseKey)` is "is the base or below it".
 */
export function dnKey(dn: Dn): string {
  let key = ''
  for (let i = dn.length - 1; i >= 0; i -= 1) {
    const rdn = dn[i]
    if (rdn) key += normalizeRdn(rdn)
  }
  return key
}

/** {@link dnKey} of a DN in text form. Throws {@link DnSyntaxError}. */
export function normalizeDn(text: string): string {
  return plainKey(text) ?? dnKey(parseDn(text))
}

/** What a character of a plain DN is: 0 none, 1 of a value, 2 of a value or a type. */
const plainCharacters = new Uint8Array(128)
for (let code = 0x21; code < 0x7f; code += 1)
  plainCharacters[code] = '"#+,;<=>\\'.includes(String.fromCharCode(code)) ? 0 : 1
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') plainCharacters[letter.charCodeAt(0)] = 2

/**
 * The key of a DN as nearly all are: ASCII, one value to an RDN, a type of letters, nothing escaped, no space but single ones within a value.
 * undefined for every other, right or wrong.
 */
function plainKey(text: string): string | undefined {
  const folded = text.toLowerCase()
  let key = ''
  let end = folded.length
  for (let start = folded.lastIndexOf(',', end - 1); end > 0; start = folded.lastIndexOf(',', end - 1)) {
    const rdn = plainRdn(text, folded, start + 1, end)
    if (rdn === undefined) return undefined
    key += rdn
    if (start < 0) return key
    end = start
  }
  return undefined
}

function plainRdn(text: string, folded: string, start: number, end: number): string | undefined {
  const equals = folded.indexOf('=', start)
  if (equals <= start || equals >= end - 1) return undefined
  for (let at = start; at < equals; at += 1) if (plainCharacters[text.charCodeAt(at)] !== 2) return undefined
  let before = 0x20
  for (let at = equals + 1; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x20 ? before === 0x20 : !plainCharacters[code]) return undefined
    before = code
  }
  if (before === 0x20) return undefined
  const type = folded.slice(start, equals)
  const canonical = namingTypes.get(type) ?? type
  return canonical === type ? `${folded.slice(start, end)}\0` : `${canonical}${folded.slice(equals, end)}\0`
}

/** Key of the parent; the empty key (the root) for a single RDN. */
export function parentKey(key: string): string {
  return key.slice(0, key.lastIndexOf('\0', key.length - 2) + 1)
}

/** Text form of the parent, values as {@link formatDn} writes them. */
export function parentDn(text: string): string {
  return formatDn(parseDn(text).slice(1))
}
