import { describe, expect, test } from 'vitest'
import type { Filter } from '../../../server/protocol/filter.ts'
import { FilterSyntaxError, formatFilter, parseFilter } from '../../../server/protocol/filter-string.ts'

const octets = (value: string | readonly number[]) => Buffer.from(value as string)
const equality = (attribute: string, value: string | readonly number[]): Filter => ({
  type: 'equality',
  attribute,
  value: octets(value),
})
const extensible = (
  attribute: string | undefined,
  rule: string | undefined,
  value: string,
  dnAttributes = false,
): Filter => ({ type: 'extensible', rule, attribute, value: octets(value), dnAttributes })
const substrings = (attribute: string, ...parts: readonly string[]): Filter => {
  const [initial = '', ...rest] = parts
  const final = rest.pop() ?? ''
  const optional = (part: string) => (part === '' ? undefined : octets(part))
  return { type: 'substrings', attribute, initial: optional(initial), any: rest.map(octets), final: optional(final) }
}

describe('the examples of RFC 4515 §4', () => {
  test.each<[string, Filter]>([
    ['(cn=Babs Jensen)', equality('cn', 'Babs Jensen')],
    ['(!(cn=Tim Howes))', { type: 'not', filter: equality('cn', 'Tim Howes') }],
    [
      '(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))',
      {
        type: 'and',
        filters: [
          equality('objectClass', 'Person'),
          { type: 'or', filters: [equality('sn', 'Jensen'), substrings('cn', 'Babs J', '')] },
        ],
      },
    ],
    ['(o=univ*of*mich*)', substrings('o', 'univ', 'of', 'mich', '')],
    ['(seeAlso=)', equality('seeAlso', '')],
    ['(cn:caseExactMatch:=Fred Flintstone)', extensible('cn', 'caseExactMatch', 'Fred Flintstone')],
    ['(cn:=Betty Rubble)', extensible('cn', undefined, 'Betty Rubble')],
    ['(sn:dn:2.4.6.8.10:=Barney Rubble)', extensible('sn', '2.4.6.8.10', 'Barney Rubble', true)],
    ['(o:dn:=Ace Industry)', extensible('o', undefined, 'Ace Industry', true)],
    ['(:1.2.3:=Wilma Flintstone)', extensible(undefined, '1.2.3', 'Wilma Flintstone')],
    ['(:DN:2.4.6.8.10:=Dino)', extensible(undefined, '2.4.6.8.10', 'Dino', true)],
    [
      '(o=Parens R Us \\28for all your parenthetical needs\\29)',
      equality('o', 'Parens R Us (for all your parenthetical needs)'),
    ],
    ['(cn=*\\2A*)', substrings('cn', '', '*', '')],
    ['(filename=C:\\5cMyFile)', equality('filename', 'C:\\MyFile')],
    ['(bin=\\00\\00\\00\\04)', equality('bin', [0, 0, 0, 4])],
    ['(sn=Lu\\c4\\8di\\c4\\87)', equality('sn', 'Lučić')],
    ['(1.3.6.1.4.1.1466.0=\\04\\02\\48\\69)', equality('1.3.6.1.4.1.1466.0', [4, 2, 0x48, 0x69])],
  ])('%s', (text, filter) => {
    expect(parseFilter(text)).toEqual(filter)
    expect(parseFilter(formatFilter(filter))).toEqual(filter)
  })
})

describe('reads', () => {
  test.each<[string, Filter]>([
    ['(&)', { type: 'and', filters: [] }],
    ['(|)', { type: 'or', filters: [] }],
    ['(cn=*)', { type: 'present', attribute: 'cn' }],
    ['(cn;lang-de=*)', { type: 'present', attribute: 'cn;lang-de' }],
    ['(uidNumber>=5)', { type: 'greaterOrEqual', attribute: 'uidNumber', value: octets('5') }],
    ['(uidNumber<=5)', { type: 'lessOrEqual', attribute: 'uidNumber', value: octets('5') }],
    ['(cn~=a)', { type: 'approx', attribute: 'cn', value: octets('a') }],
    ['(cn=a=b)', equality('cn', 'a=b')],
    ['(cn= a )', equality('cn', ' a ')],
    ['(cn=été😀)', equality('cn', 'été😀')],
    ['(cn=a&b|c!d)', equality('cn', 'a&b|c!d')],
    ['(cn=*a)', substrings('cn', '', 'a')],
    ['(cn=a*b)', substrings('cn', 'a', 'b')],
    ['(cn:DN:=a)', extensible('cn', undefined, 'a', true)],
    ['(cn:dn:caseExactMatch:=a)', extensible('cn', 'caseExactMatch', 'a', true)],
    ['(memberOf:1.2.840.113556.1.4.1941:=cn=g,dc=x)', extensible('memberOf', '1.2.840.113556.1.4.1941', 'cn=g,dc=x')],
  ])('%s', (text, filter) => {
    expect(parseFilter(text)).toEqual(filter)
  })
})

describe('refuses', () => {
  test.each([
    ['', 1, 'expected "("'],
    ['cn=a', 1, 'expected "("'],
    ['(cn=a', 6, 'expected ")"'],
    ['(cn=a))', 7, 'text after the filter'],
    ['(cn=a)(cn=b)', 7, 'text after the filter'],
    ['()', 2, 'expected "="'],
    ['(cn)', 2, 'expected "="'],
    ['(=a)', 2, '"" is not an attribute'],
    ['(c n=a)', 2, '"c n" is not an attribute'],
    ['(cn;=a)', 2, '"cn;" is not an attribute'],
    ['(!)', 3, 'expected "("'],
    ['(!(a=b)(c=d))', 8, 'expected ")"'],
    ['(&(a=b)x)', 8, 'expected ")"'],
    ['(cn=a(b)', 6, 'unescaped "("'],
    ['(cn=a\0)', 6, 'unescaped "\\u0000"'],
    ['(cn=\\2)', 5, '"\\" without two hex digits'],
    ['(cn=\\zz)', 5, '"\\" without two hex digits'],
    ['(cn=a**b)', 9, 'empty part between two "*"'],
    ['(uidNumber>=5*)', 15, '"*" is not allowed here; write \\2a'],
    ['(:=a)', 2, 'extensible match without attribute and rule'],
    ['(:dn:=a)', 2, 'extensible match without attribute and rule'],
    ['(cn:a b:=c)', 2, 'malformed extensible match'],
    ['(cn:dn:r:s:=c)', 2, 'malformed extensible match'],
    ['(c!n:r:=c)', 2, '"c!n" is not an attribute'],
  ])('%j', (text, column, problem) => {
    expect(() => parseFilter(text)).toThrow(FilterSyntaxError)
    expect(() => parseFilter(text)).toThrow(`is not a filter: ${problem} at column ${column}`)
    expect(() => parseFilter(text)).toThrow(expect.objectContaining({ column }))
  })

  test('more depth than allowed, without overflowing the stack', () => {
    const nested = (depth: number) => `${'(!'.repeat(depth - 1)}(a=b)${')'.repeat(depth - 1)}`
    expect(parseFilter(nested(64)).type).toBe('not')
    expect(() => parseFilter(nested(65))).toThrow('nested too deep')
    expect(() => parseFilter(nested(100_000))).toThrow('nested too deep')
    expect(parseFilter(nested(100), { maxDepth: 100 }).type).toBe('not')
  })
})

test('writes octets that are not UTF-8, and what would end the value, in hex', () => {
  expect(formatFilter(equality('cn', [0xff, 0x61]))).toBe('(cn=\\ff\\61)')
  expect(formatFilter(equality('cn', 'a(b)*\\\0\n'))).toBe('(cn=a\\28b\\29\\2a\\5c\\00\\0a)')
  expect(formatFilter({ type: 'unrecognized' })).toBe('(?)')
})
