import { describe, expect, test } from 'vitest'
import { BerError, BerReader, Tag } from '../../../server/protocol/ber-reader.ts'
import { element, textElement } from '../../../server/protocol/ber-writer.ts'
import { type Filter, readFilter } from '../../../server/protocol/filter.ts'
import { LdapError } from '../../../server/protocol/ldap-error.ts'
import { encodeFilter } from '../../builders/ldap-messages.ts'

const limits = { depth: 8, terms: 20 }
const read = (octets: Buffer) => readFilter(new BerReader(octets), limits)
const text = (value: string) => textElement(Tag.octetString, value)
const octets = (value: string) => Buffer.from(value)
const present = (attribute: string): Filter => ({ type: 'present', attribute })

describe('reads what a client encoded', () => {
  test.each<[string, Filter]>([
    ['and', { type: 'and', filters: [present('a'), present('b')] }],
    ['and of nothing (RFC 4526)', { type: 'and', filters: [] }],
    ['or', { type: 'or', filters: [present('a')] }],
    ['or of nothing (RFC 4526)', { type: 'or', filters: [] }],
    ['not', { type: 'not', filter: present('a') }],
    ['present', present('cn;lang-de')],
    ['equality', { type: 'equality', attribute: 'cn', value: octets('a') }],
    ['equality with the empty value', { type: 'equality', attribute: 'cn', value: octets('') }],
    ['greaterOrEqual', { type: 'greaterOrEqual', attribute: 'uidNumber', value: octets('1') }],
    ['lessOrEqual', { type: 'lessOrEqual', attribute: 'uidNumber', value: octets('1') }],
    ['approx', { type: 'approx', attribute: 'cn', value: octets('a') }],
    [
      'substrings with all parts',
      {
        type: 'substrings',
        attribute: 'cn',
        initial: octets('a'),
        any: [octets('b'), octets('c')],
        final: octets('d'),
      },
    ],
    [
      'substrings with one part',
      { type: 'substrings', attribute: 'cn', initial: undefined, any: [octets('b')], final: undefined },
    ],
    [
      'extensible with all parts',
      { type: 'extensible', rule: '2.5.13.2', attribute: 'cn', value: octets('a'), dnAttributes: true },
    ],
    [
      'extensible with a rule alone',
      { type: 'extensible', rule: 'caseIgnoreMatch', attribute: undefined, value: octets('a'), dnAttributes: false },
    ],
    [
      'extensible with an attribute alone',
      { type: 'extensible', rule: undefined, attribute: 'cn', value: octets('a'), dnAttributes: false },
    ],
    ['a choice nobody knows', { type: 'unrecognized' }],
  ])('%s', (_, filter) => {
    expect(read(encodeFilter(filter))).toEqual(filter)
  })
})

test('reads one filter and stops behind it', () => {
  const reader = new BerReader(Buffer.concat([encodeFilter(present('a')), text('next')]))
  expect(readFilter(reader, limits)).toEqual(present('a'))
  expect(reader.readText()).toBe('next')
})

describe('refuses', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['an element that is no filter', text('cn')],
    ['not without a filter', element(0xa2)],
    ['not with two filters', element(0xa2, encodeFilter(present('a')), encodeFilter(present('b')))],
    ['an equality without a value', element(0xa3, text('cn'))],
    ['an equality whose value is no string', element(0xa3, text('cn'), Buffer.of(2, 1, 0))],
    ['an and whose contents are cut off', Buffer.from('a00487036162', 'hex')],
    ['substrings without a part', element(0xa4, text('cn'), element(Tag.sequence))],
    [
      'substrings with two initial parts',
      element(0xa4, text('cn'), element(Tag.sequence, textElement(0x80, 'a'), textElement(0x80, 'b'))),
    ],
    [
      'substrings with an initial part in the middle',
      element(0xa4, text('cn'), element(Tag.sequence, textElement(0x81, 'a'), textElement(0x80, 'b'))),
    ],
    [
      'substrings with a part after the final one',
      element(0xa4, text('cn'), element(Tag.sequence, textElement(0x82, 'a'), textElement(0x81, 'b'))),
    ],
    [
      'substrings with a part of another kind',
      element(0xa4, text('cn'), element(Tag.sequence, textElement(0x83, 'a'))),
    ],
    ['extensible without rule and attribute', element(0xa9, textElement(0x83, 'a'))],
    ['extensible without a value', element(0xa9, textElement(0x82, 'cn'))],
    [
      'extensible with its parts in another order',
      element(0xa9, textElement(0x82, 'cn'), textElement(0x81, 'r'), textElement(0x83, 'a')),
    ],
  ])('%s', (_, encoded) => {
    expect(() => read(encoded)).toThrow(BerError)
  })
})

const nested = (depth: number): Filter => (depth === 1 ? present('a') : { type: 'not', filter: nested(depth - 1) })

test('reads filters up to the limit of depth, and answers adminLimitExceeded beyond', () => {
  expect(read(encodeFilter(nested(8)))).toEqual(nested(8))
  expect(() => read(encodeFilter(nested(9)))).toThrow(LdapError)
  expect(() => read(encodeFilter(nested(9)))).toThrow('filter is nested deeper than 8 levels')
})

test('reads filters up to the limit of terms, and answers adminLimitExceeded beyond', () => {
  const wide = (terms: number): Filter => ({ type: 'or', filters: Array<Filter>(terms - 1).fill(present('a')) })
  expect(read(encodeFilter(wide(20)))).toEqual(wide(20))
  expect(() => read(encodeFilter(wide(21)))).toThrow(LdapError)
  expect(() => read(encodeFilter(wide(21)))).toThrow('filter has more than 20 terms')
})

test('does not overflow the stack on a filter of nothing but depth', () => {
  let encoded = encodeFilter(present('a'))
  for (let depth = 0; depth < 5000; depth += 1) encoded = element(0xa2, encoded)
  expect(() => readFilter(new BerReader(encoded), { depth: 64, terms: 10_000 })).toThrow(LdapError)
})
