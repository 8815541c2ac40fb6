import { normalizeDn } from '../../protocol/distinguished-name.ts'
import { parseGeneralizedTime } from '../../protocol/generalized-time.ts'
import { KnownOctets } from '../../protocol/known-octets.ts'
import { plainText, prepareString } from '../../protocol/string-preparation.ts'
import { Syntax } from './syntaxes.ts'

/**
 * How values of one kind compare. `prepare` turns the octets of a value or assertion into a string that is equal for equal
 * values; undefined means that the octets are not of the syntax, which makes a filter item Undefined.
 */
export interface Comparison {
  readonly prepare: (octets: Buffer) => string | undefined
  /** Order of two prepared values; absent where the kind has none. */
  readonly compare?: (a: string, b: string) => number
  /** What `prepare` makes of {@link plainText}: the same in lower case, or the same. Absent where it makes something else. */
  readonly ofPlain?: 'folded' | 'same'
  /** Whether substrings are compared without regard to case; absent where the kind has no substrings. */
  readonly substrings?: { readonly ignoreCase: boolean; readonly remove?: RegExp }
}

export interface MatchingRule {
  readonly oid: string
  readonly name: string
  readonly syntax: string
  readonly use: 'equality' | 'ordering' | 'substrings'
  readonly comparison: Comparison
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function text(octets: Buffer): string | undefined {
  try {
    return utf8.decode(octets)
  } catch {
    return undefined
  }
}

const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function strings(ignoreCase: boolean, mayBeEmpty: boolean): Comparison {
  return {
    prepare: (octets) => {
      if (octets.length === 0 && !mayBeEmpty) return undefined
      const plain = plainText(octets)
      if (plain !== undefined) return ignoreCase ? plain.toLowerCase() : plain
      const value = text(octets)
      return value === undefined ? undefined : prepareString(value, ignoreCase)
    },
    ofPlain: ignoreCase ? 'folded' : 'same',
    compare: byCodeUnit,
    substrings: { ignoreCase },
  }
}

/** Telephone numbers and numeric strings: spaces (and hyphens) do not count. */
function withoutCharacters(remove: RegExp): Comparison {
  return {
    prepare: (octets) => {
      const value = octets.length === 0 ? undefined : text(octets)
      return value === undefined ? undefined : prepareString(value, true).replace(remove, '')
    },
    compare: byCodeUnit,
    substrings: { ignoreCase: true, remove },
  }
}

const numericStrings = withoutCharacters(/ /g) // RFC 4518 §2.6.2
const telephoneNumbers = withoutCharacters(/[ \-\u058a\u2010\u2011\u2212\ufe63\uff0d]/g) // RFC 4518 §2.6.3

const integerText = /^-?(?:0|[1-9][0-9]*)$/
const integers: Comparison = {
  // Clients send "+1", "007" or " 5 " too; OpenLDAP refuses them and so does this.
  prepare: (octets) => {
    const value = octets.toString('latin1')
    return integerText.test(value) && value !== '-0' ? value : undefined
  },
  compare: (a, b) => {
    if (a.length < 16 && b.length < 16) return Number(a) - Number(b)
    const isNegative = a.startsWith('-')
    if (isNegative !== b.startsWith('-')) return isNegative ? -1 : 1
    // Without leading zeros the longer is the larger. A BigInt of a million digits would take milliseconds for every value.
    const order = a.length === b.length ? byCodeUnit(a, b) : a.length - b.length
    return isNegative ? -order : order
  },
}

const octetStrings: Comparison = { prepare: (octets) => octets.toString('latin1'), compare: byCodeUnit }

const distinguishedNames: Comparison = {
  prepare: (octets) => {
    const value = plainText(octets) ?? text(octets)
    if (value === undefined) return undefined
    try {
      const key = normalizeDn(value)
      return key === '' && value !== '' ? undefined : key // spaces alone are no name (RFC 4514 §3)
    } catch {
      return undefined
    }
  },
}

/** Name and optional UID (RFC 4517 §3.3.21): the bit string after `#`, when there is one, does not take part. */
const uniqueMembers: Comparison = {
  prepare: (octets) =>
    distinguishedNames.prepare(Buffer.from(octets.toString('latin1').replace(/#'[01]*'B$/, ''), 'latin1')),
}

const times: Comparison = {
  prepare: (octets) => {
    const milliseconds = parseGeneralizedTime(octets.toString('latin1'))
    return milliseconds === undefined ? undefined : String(milliseconds)
  },
  compare: (a, b) => Number(a) - Number(b),
}

const booleans: Comparison = {
  prepare: (octets) => {
    const value = octets.toString('latin1').toUpperCase()
    return value === 'TRUE' || value === 'FALSE' ? value : undefined
  },
}

const uuids: Comparison = {
  prepare: (octets) => {
    const value = octets.toString('latin1').toLowerCase()
    return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value) ? value : undefined
  },
  compare: byCodeUnit,
}

const oidText = /^(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)$/
const knownIdentifiers = new KnownOctets(64, (octets, start, end) => {
  const value = octets.toString('latin1', start, end).trim()
  return oidText.test(value) ? value.toLowerCase() : undefined
})
/** Names are folded here; the schema turns them into the one name of what they identify. */
const objectIdentifiers: Comparison = { prepare: (octets) => knownIdentifiers.read(octets) }

/** First component of a schema definition: its OID (RFC 4517 §4.2.26). */
const firstComponents: Comparison = {
  prepare: (octets) => {
    const value = octets.toString('utf8')
    return /^\(\s*([^\s]+)/.exec(value)?.[1]?.toLowerCase() ?? objectIdentifiers.prepare(octets)
  },
}

// A DirectoryString has a character at least, an IA5String need not (RFC 4517 §3.3.6, §3.3.15).
const [caseIgnore, caseExact] = [strings(true, false), strings(false, false)]
const [caseIgnoreIA5, caseExactIA5] = [strings(true, true), strings(false, true)]

const rule = (oid: string, name: string, syntax: string, comparison: Comparison): MatchingRule => ({
  oid,
  name,
  syntax,
  use: name.includes('Ordering') ? 'ordering' : name.includes('Substrings') ? 'substrings' : 'equality',
  comparison,
})

export const matchingRules: readonly MatchingRule[] = [
  rule('2.5.13.0', 'objectIdentifierMatch', Syntax.oid, objectIdentifiers),
  rule('2.5.13.1', 'distinguishedNameMatch', Syntax.dn, distinguishedNames),
  rule('2.5.13.2', 'caseIgnoreMatch', Syntax.directoryString, caseIgnore),
  rule('2.5.13.3', 'caseIgnoreOrderingMatch', Syntax.directoryString, caseIgnore),
  rule('2.5.13.4', 'caseIgnoreSubstringsMatch', Syntax.substringAssertion, caseIgnore),
  rule('2.5.13.5', 'caseExactMatch', Syntax.directoryString, caseExact),
  rule('2.5.13.6', 'caseExactOrderingMatch', Syntax.directoryString, caseExact),
  rule('2.5.13.7', 'caseExactSubstringsMatch', Syntax.substringAssertion, caseExact),
  rule('2.5.13.8', 'numericStringMatch', Syntax.numericString, numericStrings),
  rule('2.5.13.10', 'numericStringSubstringsMatch', Syntax.substringAssertion, numericStrings),
  rule('2.5.13.11', 'caseIgnoreListMatch', Syntax.postalAddress, caseIgnore),
  rule('2.5.13.12', 'caseIgnoreListSubstringsMatch', Syntax.substringAssertion, caseIgnore),
  rule('2.5.13.13', 'booleanMatch', Syntax.boolean, booleans),
  rule('2.5.13.14', 'integerMatch', Syntax.integer, integers),
  rule('2.5.13.15', 'integerOrderingMatch', Syntax.integer, integers),
  rule('2.5.13.16', 'bitStringMatch', Syntax.bitString, octetStrings),
  rule('2.5.13.17', 'octetStringMatch', Syntax.octetString, octetStrings),
  rule('2.5.13.18', 'octetStringOrderingMatch', Syntax.octetString, octetStrings),
  rule('2.5.13.20', 'telephoneNumberMatch', Syntax.telephoneNumber, telephoneNumbers),
  rule('2.5.13.21', 'telephoneNumberSubstringsMatch', Syntax.substringAssertion, telephoneNumbers),
  rule('2.5.13.23', 'uniqueMemberMatch', Syntax.nameAndOptionalUid, uniqueMembers),
  rule('2.5.13.27', 'generalizedTimeMatch', Syntax.generalizedTime, times),
  rule('2.5.13.28', 'generalizedTimeOrderingMatch', Syntax.generalizedTime, times),
  rule('2.5.13.29', 'integerFirstComponentMatch', Syntax.integer, integers),
  rule('2.5.13.30', 'objectIdentifierFirstComponentMatch', Syntax.oid, firstComponents),
  rule('2.5.13.34', 'certificateExactMatch', Syntax.octetString, octetStrings),
  rule('1.3.6.1.4.1.1466.109.114.1', 'caseExactIA5Match', Syntax.ia5String, caseExactIA5),
  rule('1.3.6.1.4.1.1466.109.114.2', 'caseIgnoreIA5Match', Syntax.ia5String, caseIgnoreIA5),
  rule('1.3.6.1.4.1.1466.109.114.3', 'caseIgnoreIA5SubstringsMatch', Syntax.substringAssertion, caseIgnoreIA5),
  rule('1.3.6.1.4.1.4203.1.2.1', 'caseExactIA5SubstringsMatch', Syntax.substringAssertion, caseExactIA5),
  rule('1.3.6.1.1.16.2', 'UUIDMatch', Syntax.uuid, uuids),
  rule('1.3.6.1.1.16.3', 'UUIDOrderingMatch', Syntax.uuid, uuids),
]
