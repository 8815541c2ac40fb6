import { BerError, type BerReader, Tag } from './ber-reader.ts'
import { LdapError } from './ldap-error.ts'
import { ResultCode } from './result-code.ts'

/**
 * A search filter (RFC 4511 §4.5.1.7). Assertion values are octets as sent: what they mean depends on the matching rule.
 * `and` without filters is True, `or` without filters is False (RFC 4526). `unrecognized` is a filter choice this
 * server does not know: it evaluates to Undefined.
 */
export type Filter =
  | { readonly type: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly type: 'not'; readonly filter: Filter }
  | { readonly type: 'present'; readonly attribute: string }
  | {
      readonly type: 'equality' | 'greaterOrEqual' | 'lessOrEqual' | 'approx'
      readonly attribute: string
      readonly value: Uint8Array
    }
  | SubstringsFilter
  | ExtensibleFilter
  | { readonly type: 'unrecognized' }

export interface SubstringsFilter {
  readonly type: 'substrings'
  readonly attribute: string
  readonly initial: Uint8Array | undefined
  readonly any: readonly Uint8Array[]
  readonly final: Uint8Array | undefined
}

/** MatchingRuleAssertion (RFC 4511 §4.5.1.7.7); at least one of rule and attribute is given. */
export interface ExtensibleFilter {
  readonly type: 'extensible'
  readonly rule: string | undefined
  readonly attribute: string | undefined
  readonly value: Uint8Array
  readonly dnAttributes: boolean
}

export interface FilterLimits {
  readonly depth: number
  readonly terms: number
}

const Choice = {
  and: 0xa0,
  or: 0xa1,
  not: 0xa2,
  equality: 0xa3,
  substrings: 0xa4,
  greaterOrEqual: 0xa5,
  lessOrEqual: 0xa6,
  present: 0x87,
  approx: 0xa8,
  extensible: 0xa9,
} as const

/** Reads one Filter. Throws {@link BerError} for a broken encoding, {@link LdapError} beyond the limits. */
export function readFilter(reader: BerReader, limits: FilterLimits): Filter {
  return new FilterReader(limits).read(reader, limits.depth)
}

class FilterReader {
  private readonly limits: FilterLimits
  private termsLeft: number

  constructor(limits: FilterLimits) {
    this.limits = limits
    this.termsLeft = limits.terms
  }

  read(reader: BerReader, depthLeft: number): Filter {
    if (depthLeft <= 0)
      throw new LdapError(ResultCode.adminLimitExceeded, `filter is nested deeper than ${this.limits.depth} levels`)
    this.termsLeft -= 1
    if (this.termsLeft < 0)
      throw new LdapError(ResultCode.adminLimitExceeded, `filter has more than ${this.limits.terms} terms`)
    const tag = reader.peekTag()
    switch (tag) {
      case Choice.and:
      case Choice.or:
        return {
          type: tag === Choice.and ? 'and' : 'or',
          filters: this.readSet(reader.readConstructed(tag), depthLeft - 1),
        }
      case Choice.not: {
        const inner = reader.readConstructed(tag)
        const filter = this.read(inner, depthLeft - 1)
        if (!inner.isAtEnd) throw new BerError('not-filter with more than one filter')
        return { type: 'not', filter }
      }
      case Choice.present:
        return { type: 'present', attribute: reader.readName(tag) }
      case Choice.equality:
        return readAssertion('equality', reader.readConstructed(tag))
      case Choice.greaterOrEqual:
        return readAssertion('greaterOrEqual', reader.readConstructed(tag))
      case Choice.lessOrEqual:
        return readAssertion('lessOrEqual', reader.readConstructed(tag))
      case Choice.approx:
        return readAssertion('approx', reader.readConstructed(tag))
      case Choice.substrings:
        return readSubstrings(reader.readConstructed(tag))
      case Choice.extensible:
        return readExtensible(reader.readConstructed(tag))
      default:
        if (tag < 0x80) throw new BerError('filter missing')
        reader.skip()
        return { type: 'unrecognized' }
    }
  }

  private readSet(reader: BerReader, depthLeft: number): Filter[] {
    const filters: Filter[] = []
    while (!reader.isAtEnd) filters.push(this.read(reader, depthLeft))
    return filters
  }
}

function readAssertion(type: 'equality' | 'greaterOrEqual' | 'lessOrEqual' | 'approx', reader: BerReader): Filter {
  return { type, attribute: reader.readName(), value: reader.readOctets() }
}

function readSubstrings(reader: BerReader): Filter {
  const attribute = reader.readName()
  const parts = reader.readConstructed(Tag.sequence)
  if (parts.isAtEnd) throw new BerError('substrings filter without a part')
  let initial: Uint8Array | undefined
  let final: Uint8Array | undefined
  const any: Uint8Array[] = []
  while (!parts.isAtEnd) {
    const tag = parts.peekTag()
    const value = parts.readOctets(tag)
    if (final !== undefined) throw new BerError('substrings filter with a part after the final one')
    if (tag === 0x80 && initial === undefined && any.length === 0) initial = value
    else if (tag === 0x81) any.push(value)
    else if (tag === 0x82) final = value
    else throw new BerError('substrings filter with a misplaced part')
  }
  return { type: 'substrings', attribute, initial, any, final }
}

function readExtensible(reader: BerReader): Filter {
  const rule = reader.peekTag() === 0x81 ? reader.readText(0x81) : undefined
  const attribute = reader.peekTag() === 0x82 ? reader.readText(0x82) : undefined
  const value = reader.readOctets(0x83)
  const dnAttributes = reader.peekTag() === 0x84 ? reader.readBoolean(0x84) : false
  if (rule === undefined && attribute === undefined) throw new BerError('extensible filter without rule and attribute')
  return { type: 'extensible', rule, attribute, value, dnAttributes }
}
