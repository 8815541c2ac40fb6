import { BerError, BerReader, Tag } from './ber-reader.ts'
import type { Control } from './controls.ts'
import { type Filter, type FilterLimits, readFilter } from './filter.ts'
import { KnownOctets } from './known-octets.ts'
import { LdapError } from './ldap-error.ts'
import { Operation } from './operation.ts'
import { ResultCode } from './result-code.ts'
import { readWriteRequest } from './write-requests.ts'

export type Scope = 'baseObject' | 'singleLevel' | 'wholeSubtree' | 'subordinateSubtree'

export interface BindRequest {
  readonly type: 'bind'
  readonly version: number
  readonly name: string
  readonly authentication:
    | { readonly type: 'simple'; readonly password: Buffer }
    | { readonly type: 'sasl'; readonly mechanism: string }
    | { readonly type: 'unknown' }
}

export interface SearchRequest {
  readonly type: 'search'
  readonly baseObject: string
  readonly scope: Scope
  /** Entries; 0 means no client limit (RFC 4511 §4.5.1.4). */
  readonly sizeLimit: number
  /** Seconds a search may run; 0 means no limit (RFC 4511 §4.5.1.5). */
  readonly timeLimitSeconds: number
  readonly typesOnly: boolean
  readonly filter: Filter
  readonly attributes: readonly string[]
}

export interface CompareRequest {
  readonly type: 'compare'
  readonly entry: string
  readonly attribute: string
  readonly value: Buffer
}

export interface ExtendedRequest {
  readonly type: 'extended'
  readonly name: string
  readonly value: Buffer | undefined
}

export type Request =
  | BindRequest
  | SearchRequest
  | CompareRequest
  | ExtendedRequest
  | { readonly type: 'unbind' }
  | { readonly type: 'abandon'; readonly messageId: number }
  /** Add, delete, modify, modifyDN: well-formed; what they say is not kept. */
  | { readonly type: 'write'; readonly operation: number }

/** The parts of an LDAPMessage that are read before its operation (RFC 4511 §4.1.1). */
export interface Envelope {
  readonly messageId: number
  /** protocolOp tag. */
  readonly operation: number
  /** Positioned at the protocolOp. */
  readonly reader: BerReader
}

export interface DecoderLimits extends FilterLimits {
  /** Requested attributes. */
  readonly attributes: number
  readonly controls: number
}

/** RFC 4511 §4.5.1.8 sets no bound; this one keeps a request of nothing but names from costing more than its bytes. */
export const defaultDecoderLimits: DecoderLimits = { depth: 64, terms: 10_000, attributes: 20_000, controls: 64 }

const requestOperations = new Set<number>([
  Operation.bindRequest,
  Operation.unbindRequest,
  Operation.searchRequest,
  Operation.modifyRequest,
  Operation.addRequest,
  Operation.delRequest,
  Operation.modifyDnRequest,
  Operation.compareRequest,
  Operation.abandonRequest,
  Operation.extendedRequest,
])

/**
 * Opens one complete LDAPMessage. Throws {@link BerError} where RFC 4511 §4.1.1 asks for a notice of disconnection: the
 * SEQUENCE, the messageID or the operation's tag cannot be recognized.
 */
export function openMessage(message: Buffer): Envelope {
  const reader = new BerReader(message).readConstructed(Tag.sequence)
  const messageId = reader.readInteger()
  const operation = reader.peekTag()
  if (messageId < 0 || messageId > 0x7fffffff) throw new BerError(`message id ${messageId}`)
  if (messageId === 0 && operation !== Operation.abandonRequest && operation !== Operation.unbindRequest)
    throw new BerError('message id 0 in a request')
  if (!requestOperations.has(operation)) throw new BerError(`unknown operation 0x${operation.toString(16)}`)
  return { messageId, operation, reader }
}

export interface DecodedRequest {
  readonly request: Request
  /** The operation as it was sent, controls excluded. */
  readonly octets: Buffer
  readonly controls: readonly Control[]
}

/**
 * Reads operation and controls. Throws {@link BerError} for a broken encoding and {@link LdapError} for a well-formed
 * request that cannot be accepted.
 */
export function decodeRequest({ operation, reader }: Envelope, limits: DecoderLimits): DecodedRequest {
  const start = reader.position
  const request = decodeOperation(operation, reader, limits)
  const octets = reader.buffer.subarray(start, reader.position)
  return { request, octets, controls: readControls(reader, limits) }
}

function decodeOperation(operation: number, message: BerReader, limits: DecoderLimits): Request {
  switch (operation) {
    case Operation.bindRequest:
      return decodeBind(message.readConstructed(operation))
    case Operation.searchRequest:
      return decodeSearch(message.readConstructed(operation), limits)
    case Operation.compareRequest:
      return decodeCompare(message.readConstructed(operation))
    case Operation.extendedRequest:
      return decodeExtended(message.readConstructed(operation))
    case Operation.abandonRequest:
      return { type: 'abandon', messageId: message.readInteger(operation) }
    case Operation.unbindRequest:
      message.skip()
      return { type: 'unbind' }
    default:
      readWriteRequest(operation, message)
      return { type: 'write', operation }
  }
}

function decodeBind(reader: BerReader): BindRequest {
  const version = reader.readInteger()
  const name = reader.readText()
  switch (reader.peekTag()) {
    case 0x80:
      return { type: 'bind', version, name, authentication: { type: 'simple', password: reader.readOctets(0x80) } }
    case 0xa3:
      return {
        type: 'bind',
        version,
        name,
        authentication: { type: 'sasl', mechanism: reader.readConstructed(0xa3).readText() },
      }
    default:
      reader.skip()
      return { type: 'bind', version, name, authentication: { type: 'unknown' } }
  }
}

const scopes: readonly Scope[] = ['baseObject', 'singleLevel', 'wholeSubtree', 'subordinateSubtree']

function decodeSearch(reader: BerReader, limits: DecoderLimits): SearchRequest {
  const baseObject = reader.readName()
  const scopeValue = reader.readInteger(Tag.enumerated)
  const derefAliases = reader.readInteger(Tag.enumerated)
  const sizeLimit = reader.readInteger()
  const timeLimitSeconds = reader.readInteger()
  const typesOnly = reader.readBoolean()
  const filter = readFilter(reader, limits)
  const attributes = attributeSelection(reader.readConstructed(Tag.sequence), limits)
  const scope = scopes[scopeValue]
  if (scope === undefined) throw new LdapError(ResultCode.protocolError, `unknown search scope ${scopeValue}`)
  if (derefAliases < 0 || derefAliases > 3)
    throw new LdapError(ResultCode.protocolError, `unknown derefAliases ${derefAliases}`)
  if (sizeLimit < 0 || timeLimitSeconds < 0)
    throw new LdapError(ResultCode.protocolError, 'negative size or time limit')
  return { type: 'search', baseObject, scope, sizeLimit, timeLimitSeconds, typesOnly, filter, attributes }
}

/** By the octets of the list. Clients ask for the same few lists again and again; few are kept, and none that is long. */
const selections = new Map<string, readonly string[]>()
const selectionsKept = 500
const longestKept = 2000
/** Those that came last, without a text of their octets. */
const lastSelections = new KnownOctets(400, keptSelection)

/** The same list is the same array, as long as it is kept. */
function attributeSelection(reader: BerReader, limits: DecoderLimits): readonly string[] {
  const { buffer, position, end } = reader
  if (end - position > longestKept) return readNames(reader, limits.attributes)
  const attributes = lastSelections.read(buffer, position, end)
  if (attributes.length > limits.attributes) throw tooManyNames(limits.attributes)
  return attributes
}

function keptSelection(buffer: Buffer, start: number, end: number): readonly string[] {
  const octets = buffer.toString('latin1', start, end)
  const known = selections.get(octets)
  if (known) return known
  const attributes = readNames(new BerReader(buffer, start, end))
  if (selections.size >= selectionsKept) selections.clear()
  selections.set(octets, attributes)
  return attributes
}

function readNames(reader: BerReader, atMost = Number.POSITIVE_INFINITY): string[] {
  const names: string[] = []
  while (!reader.isAtEnd) {
    names.push(reader.readText())
    if (names.length > atMost) throw tooManyNames(atMost)
  }
  return names
}

function tooManyNames(atMost: number): LdapError {
  return new LdapError(ResultCode.adminLimitExceeded, `more than ${atMost} attributes requested`)
}

function decodeCompare(reader: BerReader): CompareRequest {
  const entry = reader.readText()
  const assertion = reader.readConstructed(Tag.sequence)
  return { type: 'compare', entry, attribute: assertion.readText(), value: assertion.readOctets() }
}

function decodeExtended(reader: BerReader): ExtendedRequest {
  const name = reader.readText(0x80)
  return { type: 'extended', name, value: reader.peekTag() === 0x81 ? reader.readOctets(0x81) : undefined }
}

function readControls(message: BerReader, limits: DecoderLimits): Control[] {
  const controls: Control[] = []
  if (message.peekTag() !== 0xa0) return controls
  const list = message.readConstructed(0xa0)
  while (!list.isAtEnd) {
    const control = list.readConstructed(Tag.sequence)
    const oid = control.readName()
    const isCritical = control.peekTag() === Tag.boolean ? control.readBoolean() : false
    const value = control.peekTag() === Tag.octetString ? control.readOctets() : undefined
    controls.push({ oid, isCritical, value })
    if (controls.length > limits.controls)
      throw new LdapError(ResultCode.adminLimitExceeded, `more than ${limits.controls} controls`)
  }
  return controls
}
