import { describe, expect, test } from 'vitest'
import {
  canonicalNamingType,
  DnSyntaxError,
  dnKey,
  escapeDnValue,
  formatDn,
  normalizeDn,
  parentDn,
  parentKey,
  parseDn,
} from '../../../server/protocol/distinguished-name.ts'

/** Types and values, the most specific RDN first. */
const pairs = (text: string) =>
  parseDn(text).map((rdn) =>
    rdn.map(({ type, value }) => [type, typeof value === 'string' ? value : Buffer.from(value)]),
  )

describe('the examples of RFC 4514 §4', () => {
  test.each<[string, unknown]>([
    ['UID=jsmith,DC=example,DC=net', [[['UID', 'jsmith']], [['DC', 'example']], [['DC', 'net']]]],
    [
      'OU=Sales+CN=J.  Smith,DC=example,DC=net',
      [
        [
          ['OU', 'Sales'],
          ['CN', 'J.  Smith'],
        ],
        [['DC', 'example']],
        [['DC', 'net']],
      ],
    ],
    [
      'CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net',
      [[['CN', 'James "Jim" Smith, III']], [['DC', 'example']], [['DC', 'net']]],
    ],
    ['CN=Before\\0dAfter,DC=example,DC=net', [[['CN', 'Before\rAfter']], [['DC', 'example']], [['DC', 'net']]]],
    ['1.3.6.1.4.1.1466.0=#04024869', [[['1.3.6.1.4.1.1466.0', 'Hi']]]],
    ['CN=Lu\\C4\\8Di\\C4\\87', [[['CN', 'Lučić']]]],
  ])('%s', (text, expected) => {
    expect(pairs(text)).toEqual(expected)
  })
})

describe('reads a value', () => {
  test.each([
    ['empty', 'cn=', ''],
    ['with escaped space at both ends', 'cn=\\  a \\ ', '  a  '],
    ['without the unescaped space around it', 'cn =  a  , dc = b', 'a'],
    ['with a space written in hex at its end', 'cn=a\\20  ', 'a '],
    ['with a number sign inside', 'cn=a#b', 'a#b'],
    ['with an escaped number sign first', 'cn=\\#04024869', '#04024869'],
    ['with an unescaped equals sign', 'cn=a=b=c', 'a=b=c'],
    ['with every special character escaped', 'cn=\\"\\+\\,\\;\\<\\=\\>\\\\\\ ', '"+,;<=>\\ '],
    ['in quotes', 'cn="a, b + c; d"', 'a, b + c; d'],
    ['in quotes with escapes', 'cn="a\\"b\\\\c\\2c"', 'a"b\\c,'],
    ['in quotes, empty', 'cn=""', ''],
    ['with a NUL written in hex', 'cn=a\\00b', 'a\0b'],
    ['beyond the basic plane, half of it escaped octets', 'cn=😀\\F0\\9F\\98\\80', '😀😀'],
    ['with text between escaped octets', 'cn=\\c3\\a9t\\c3\\a9', 'été'],
    ['in hex with a long form of length', 'cn=#048103616263', 'abc'],
  ])('%s', (_, text, value) => {
    expect(parseDn(text)[0]?.[0]?.value).toBe(value)
  })

  test('of octets that are not UTF-8 as octets', () => {
    expect(parseDn('cn=a\\ff')[0]?.[0]?.value).toEqual(Buffer.from([0x61, 0xff]))
    expect(parseDn('cn=#0401ff')[0]?.[0]?.value).toEqual(Buffer.from([0xff]))
  })
})

describe('reads a type', () => {
  test.each(['OID.2.5.4.3', 'oid.2.5.4.3', 'Oid.2.5.4.3', '2.5.4.3'])('%s', (type) => {
    expect(pairs(`${type}=a`)).toEqual([[['2.5.4.3', 'a']]])
  })

  test('that begins with the letters of the prefix', () => {
    expect(pairs('oidX=a,OID=b')).toEqual([[['oidX', 'a']], [['OID', 'b']]])
  })
})

test('reads the empty DN as no RDN', () => {
  expect(parseDn('')).toEqual([])
  expect(parseDn('   ')).toEqual([])
  expect(formatDn([])).toBe('')
})

test('reads the semicolon of RFC 2253 as a separator', () => {
  expect(normalizeDn('cn=a;dc=b')).toBe(normalizeDn('cn=a,dc=b'))
})

describe('refuses', () => {
  test.each([
    ['a value without a type', 'example', 8, 'expected "="'],
    ['an RDN that is missing', 'dc=example,,dc=org', 12, 'no attribute type'],
    ['a separator at the end', 'dc=example,', 12, 'empty RDN'],
    ['a plus at the end', 'cn=a+', 6, 'empty RDN'],
    ['a type that begins with a hyphen', '-a=b', 1, 'no attribute type'],
    ['a type with an underscore', 'a_b=c', 2, 'expected "="'],
    ['half an escape', 'cn=a\\', 5, 'incomplete escape'],
    ['an escape of an ordinary character', 'cn=\\z', 4, 'incomplete escape'],
    ['an unescaped quote', 'cn=a"b', 5, 'unescaped "\\""'],
    ['an unescaped angle bracket', 'cn=a<b', 5, 'unescaped "<"'],
    ['a NUL', 'cn=a\0b', 5, 'unescaped "\\u0000"'],
    ['an unclosed quote', 'cn="a', 4, 'unclosed quote'],
    ['text after a quote', 'cn="a"b', 7, 'expected a separator'],
    ['a number sign without digits', 'cn=#', 4, 'no hex digits after "#"'],
    ['an odd number of hex digits', 'cn=#0401610', 11, 'expected a separator'],
    ['hex that ends inside its element', 'cn=#0402ff', 4, 'hex value is not a BER element'],
    ['hex with octets after its element', 'cn=#0401ff00', 4, 'hex value is not a BER element'],
    ['hex of an indefinite length', `cn=#2480${'00'.repeat(128)}`, 4, 'hex value is not a BER element'],
    ['hex of a tag alone', 'cn=#04', 4, 'hex value is not a BER element'],
  ])('%s', (_, text, column, problem) => {
    expect(() => parseDn(text)).toThrow(DnSyntaxError)
    expect(() => parseDn(text)).toThrow(`${problem} at column ${column}`)
    expect(() => parseDn(text)).toThrow(expect.objectContaining({ column }))
  })

  test('more RDNs than an entry can have', () => {
    expect(() => parseDn(Array(5000).fill('a=b').join(','))).toThrow('more than 4096 RDNs')
  })

  test('a long text without repeating all of it', () => {
    expect(() => parseDn('x'.repeat(100_000))).toThrow(/^"x{200}…" is not a DN: expected "=" at column 100001$/)
  })
})

describe('writes a value', () => {
  test.each([
    ['', ''],
    ['plain', 'plain'],
    [' ', '\\ '],
    ['  ', '\\ \\ '],
    [' a ', '\\ a\\ '],
    ['#a', '\\#a'],
    ['a#', 'a#'],
    ['a,b+c"d\\e<f>g;h=i', 'a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i'],
    ['a\0b', 'a\\00b'],
    ['\\ ', '\\\\\\ '],
  ])('%j as %j', (value, escaped) => {
    expect(escapeDnValue(value)).toBe(escaped)
    expect(parseDn(`cn=${escaped}`)[0]?.[0]?.value).toBe(value)
  })
})

test('writes octets that are not UTF-8 in hex', () => {
  expect(formatDn([[{ type: 'cn', value: Buffer.from([0x61, 0xff]) }]])).toBe('cn=\\61\\ff')
})

describe('gives one key to', () => {
  test.each([
    ['types by any name, OID or case', 'CN=ada,DC=org', 'commonName=ada,0.9.2342.19200300.100.1.25=org'],
    ['an OID with its prefix', 'OID.0.9.2342.19200300.100.1.1=ada', 'userid=ada'],
    ['values in another case', 'cn=STRASSE', 'cn=straße'],
    ['values with other spacing', 'cn=Ada   Lovelace', 'cn= ada lovelace '],
    ['values of another Unicode form', 'cn=é', 'cn=e\u0301'],
    ['values escaped otherwise', 'cn=a\\,b', 'cn="a\\2cb"'],
    ['values in hex', 'cn=Hi', 'cn=#04024869'],
    ['multi-valued RDNs in another order', 'ou=Sales+cn=Ada,dc=org', 'CN=ada + OU=sales , dc=org'],
    ['unknown types in another case', 'x-thing=a', 'X-Thing=A'],
  ])('%s', (_, a, b) => {
    expect(normalizeDn(a)).toBe(normalizeDn(b))
  })
})

describe('gives different keys to', () => {
  test.each([
    ['a plus in a value and a multi-valued RDN', 'cn=a\\+ou\\=b', 'cn=a+ou=b'],
    ['a comma in a value and two RDNs', 'cn=a\\,cn\\=b', 'cn=a,cn=b'],
    ['octets and the text that shows them', 'cn=\\ff', 'cn=\\\\#ff'],
    ['a backslash and nothing', 'cn=a\\\\', 'cn=a'],
    ['types with the same value', 'cn=a', 'uid=a'],
    ['RDNs in another order', 'cn=a,cn=b', 'cn=b,cn=a'],
  ])('%s', (_, a, b) => {
    expect(normalizeDn(a)).not.toBe(normalizeDn(b))
  })
})

describe('a key', () => {
  const base = normalizeDn('dc=example,dc=org')

  test('begins with the key of everything above it', () => {
    expect(normalizeDn('uid=ada,ou=people,dc=example,dc=org').startsWith(base)).toBe(true)
    expect(base.startsWith(base)).toBe(true)
  })

  test.each(['dc=example2,dc=org', 'dc=exampl,dc=org', 'dc=org', 'uid=ada,dc=example,dc=com', 'dc=example+o=x,dc=org'])(
    'does not begin with one of another subtree: %s',
    (other) => {
      expect(normalizeDn(other).startsWith(base)).toBe(false)
    },
  )

  test('leads to the key of its parent, up to the root', () => {
    expect(parentKey(normalizeDn('ou=people,dc=example,dc=org'))).toBe(base)
    expect(parentKey(normalizeDn('dc=org'))).toBe('')
    expect(parentKey('')).toBe('')
    expect(dnKey([])).toBe('')
  })
})

test('the parent of a DN keeps its spelling', () => {
  expect(parentDn('uid=ada, OU=People,dc=Example')).toBe('OU=People,dc=Example')
  expect(parentDn('dc=org')).toBe('')
})

test('folds a type to the name that keys use', () => {
  expect(canonicalNamingType('DomainComponent')).toBe('dc')
  expect(canonicalNamingType('Unknown')).toBe('unknown')
})
