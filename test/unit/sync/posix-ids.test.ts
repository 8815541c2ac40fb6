import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assignNumbers, numberKey } from '../../../sync/posix-ids.ts'

const rules = { idRange: [5000, 5099], acceptRange: [1000, 4999] } as const
const nobody = () => false

describe('numbers', () => {
  test('are the same for the same identities in any order, within the range', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 100 }), (holders) => {
        const claims = holders.map((holder) => ({ holder, wanted: undefined }))
        const numbers = assignNumbers(claims, nobody, rules)
        expect(assignNumbers(claims.toReversed(), nobody, rules)).toEqual(numbers)
        expect(new Set(numbers.values()).size).toBe(holders.length)
        for (const number of numbers.values()) expect(number >= 5000 && number <= 5099).toBe(true)
      }),
    )
  })

  test('that are owned, now or once, are passed over', () => {
    const [first = 0] = assignNumbers([{ holder: 'ada', wanted: undefined }], nobody, rules).values()
    const [second = 0] = assignNumbers([{ holder: 'ada', wanted: undefined }], (n) => n === first, rules).values()
    expect(second).toBe(first === 5099 ? 5000 : first + 1)
  })

  test('of the source are taken when they are acceptable and free', () => {
    const claims = [
      { holder: 'a', wanted: 1234 },
      { holder: 'b', wanted: 1234 },
      { holder: 'c', wanted: 999 },
      { holder: 'd', wanted: 2000 },
    ]
    const numbers = assignNumbers(claims, (n) => n === 2000, rules)
    expect(numbers.get('a')).toBe(1234)
    for (const holder of ['b', 'c', 'd']) expect(numbers.get(holder)).toBeGreaterThanOrEqual(5000)
  })

  test('for "nobody" are never accepted', () => {
    const wide = { ...rules, acceptRange: [1, 70_000] } as const
    for (const wanted of [65_533, 65_534, 65_535])
      expect(assignNumbers([{ holder: 'a', wanted }], nobody, wide).get('a')).not.toBe(wanted)
  })

  test('run out with a message that names the setting', () => {
    const claims = Array.from({ length: 101 }, (_, n) => ({ holder: String(n), wanted: undefined }))
    expect(() => assignNumbers(claims, nobody, rules)).toThrow('posix.idRange: all 100 numbers')
  })

  test('sort by value as keys', () => {
    expect([numberKey(10), numberKey(9)].sort()).toEqual([numberKey(9), numberKey(10)])
  })
})
