import { describe, expect, test } from 'vitest'
import { findMatchingRule } from '../../../server/directory/schema/schema.ts'

const rule = (name: string) => {
  const found = findMatchingRule(name)
  if (!found) throw new Error(`no rule ${name}`)
  return found.comparison
}
const prepare = (name: string, value: string | Buffer) => rule(name).prepare(Buffer.from(value as string))

describe('equal', () => {
  test.each([
    ['caseIgnoreMatch', 'Straße ', 'STRASSE'],
    ['caseExactMatch', ' a  b', 'a b'],
    ['caseIgnoreIA5Match', 'Ada@Example.com', 'ada@example.com'],
    ['telephoneNumberMatch', '+1 408-555-1212', '+14085551212'],
    ['telephoneNumberMatch', '+1 408\u2011555\uff0d１２１２', '+14085551212'],
    ['numericStringMatch', '12 34', '1234'],
    ['distinguishedNameMatch', 'CN=Ada, DC=org', 'cn=ada,dc=ORG'],
    ['uniqueMemberMatch', "cn=ada#'0101'B", 'cn=Ada'],
    ['booleanMatch', 'true', 'TRUE'],
    ['UUIDMatch', '597AE2F6-16A6-1027-98F4-D28B5365DC14', '597ae2f6-16a6-1027-98f4-d28b5365dc14'],
    ['generalizedTimeMatch', '20260101120000Z', '202601011300+0100'],
    ['objectIdentifierMatch', 'Person', ' person'],
    ['objectIdentifierFirstComponentMatch', "( 2.5.4.3 NAME 'cn' )", '2.5.4.3'],
  ])('%s: %s and %s', (name, a, b) => {
    expect(prepare(name, a)).toBeDefined()
    expect(prepare(name, a)).toBe(prepare(name, b))
  })
})

describe('different', () => {
  test.each([
    ['caseExactMatch', 'Ada', 'ada'],
    ['integerMatch', '1', '-1'],
    ['octetStringMatch', 'a', 'A'],
    ['octetStringMatch', ' a', 'a'],
    ['distinguishedNameMatch', 'cn=ada', 'uid=ada'],
  ])('%s: %s and %s', (name, a, b) => {
    expect(prepare(name, a)).not.toBe(prepare(name, b))
  })
})

describe('not of the syntax', () => {
  test.each<[string, string | Buffer]>([
    ['caseIgnoreMatch', Buffer.of(0xff)],
    ['integerMatch', ''],
    ['integerMatch', '007'],
    ['integerMatch', '-0'],
    ['integerMatch', '1.5'],
    ['integerMatch', '٣'],
    ['booleanMatch', 'yes'],
    ['distinguishedNameMatch', 'ada'],
    ['distinguishedNameMatch', Buffer.from('cn=\xff', 'latin1')],
    ['generalizedTimeMatch', 'yesterday'],
    ['UUIDMatch', '597ae2f616a6102798f4d28b5365dc14'],
    ['objectIdentifierMatch', 'a b'],
  ])('%s: %s', (name, value) => {
    expect(prepare(name, value)).toBeUndefined()
  })
})

describe('order', () => {
  test.each([
    ['integerOrderingMatch', ['-100000000000000000000', '-10', '-9', '0', '9', '10', '99999999999999999999']],
    ['generalizedTimeOrderingMatch', ['19700101000000Z', '20260101000000+0100', '20260101000000Z']],
    ['caseIgnoreOrderingMatch', ['a', 'B', 'c', 'é', 'ｚ']],
    ['octetStringOrderingMatch', ['A', 'B', 'a', '\u0080']],
  ])('%s', (name, ascending) => {
    const prepared = ascending.map((value) => prepare(name, value) ?? 'undefined')
    const compare = rule(name).compare
    expect(prepared.toReversed().sort(compare)).toEqual(prepared.toSorted(compare))
    if (name !== 'caseIgnoreOrderingMatch') expect(prepared.toReversed().sort(compare)).toEqual(prepared)
  })
})

test('rules are found by name in any case and by OID', () => {
  expect(findMatchingRule('CASEIGNOREMATCH')).toBe(findMatchingRule('2.5.13.2'))
  expect(findMatchingRule('noSuchMatch')).toBeUndefined()
})

test('a number of a million digits is compared with every entry of a large directory at no cost', () => {
  const { compare } = rule('integerOrderingMatch')
  const huge = '9'.repeat(1_000_000)
  const negative = `-${huge}`
  for (let entry = 0; entry < 20_000; entry += 1) {
    expect(compare?.(String(entry), huge)).toBeLessThan(0)
    expect(compare?.(String(entry), negative)).toBeGreaterThan(0)
  }
})
