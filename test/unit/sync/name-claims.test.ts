import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freeNames, grantNames, type NameClaim, type NameRecord, type NameRules } from '../../../sync/name-claims.ts'

const rules: NameRules = {
  reserved: new Set(['root']),
  taken: new Map([['breakglass', 'an entry of a file']]),
  onClash: 'suffix',
  maxLength: 32,
  reusableBefore: '2025-09-02T00:00:00.000Z',
  now: '2026-03-01T00:00:00.000Z',
}

function claim(holder: string, wanted: string, created: string | null = null, held?: NameClaim['held']): NameClaim {
  return { holder, wanted, created, id: holder, held }
}

type Ledger = ReadonlyMap<string, NameRecord>

/** Grants names and gives them with the ledger as it is afterwards. */
function grant(claims: readonly NameClaim[], ledger: Ledger = new Map(), changes: Partial<NameRules> = {}) {
  const result = grantNames(claims, { records: ledger }, { ...rules, ...changes })
  const names = Object.fromEntries(
    [...result.grants].map(([holder, given]) => [holder, given.type === 'granted' ? given.name : given.type]),
  )
  return { names, ledger: new Map([...ledger, ...result.changes]), changes: result.changes, grants: result.grants }
}

describe('a name that several want', () => {
  test('goes to the oldest account, whatever the order of listing', () => {
    const claims = [claim('b', 'sam', '2025-01-01'), claim('a', 'sam', '2025-01-02'), claim('c', 'sam', '2024-01-01')]
    const expected = { c: 'sam', b: 'sam-2', a: 'sam-3' }
    expect(grant(claims).names).toEqual(expected)
    expect(grant(claims.toReversed()).names).toEqual(expected)
  })

  test('goes to the smaller id among accounts of one age; accounts without a date come last', () => {
    expect(grant([claim('b', 'sam'), claim('a', 'sam'), claim('z', 'sam', '2025-01-01')]).names).toEqual({
      z: 'sam',
      a: 'sam-2',
      b: 'sam-3',
    })
  })

  test('is one name in any case and any form of Unicode', () => {
    expect(grant([claim('a', 'Caf\u00e9'), claim('b', 'CAFE\u0301')]).names).toEqual({ a: 'Café', b: 'CAFE\u0301-2' })
  })

  test('leaves a natural name with a suffix to who wants it as it is', () => {
    const claims = [claim('a', 'sam', '1'), claim('b', 'sam', '2'), claim('c', 'sam-2', '3')]
    expect(grant(claims).names).toEqual({ a: 'sam', b: 'sam-3', c: 'sam-2' })
  })

  test('is held back where the configuration says so', () => {
    const { names, grants } = grant([claim('a', 'sam'), claim('b', 'sam')], new Map(), { onClash: 'hold' })
    expect(names).toEqual({ a: 'sam', b: 'held' })
    expect(grants.get('b')).toMatchObject({ reason: 'the name "sam" belongs to somebody else' })
  })

  test('stays short enough with its suffix', () => {
    const long = 'x'.repeat(32)
    expect(grant([claim('a', long), claim('b', long)]).names).toEqual({ a: long, b: `${'x'.repeat(30)}-2` })
  })
})

describe('a name once given', () => {
  test('is kept when an older account turns up, and when the reason for the suffix is gone', () => {
    const first = grant([claim('a', 'sam', '2025'), claim('b', 'sam', '2026')])
    const second = grant(
      [claim('old', 'sam', '2020'), claim('a', 'sam', '2025'), claim('b', 'sam', '2026')],
      first.ledger,
    )
    expect(second.names).toEqual({ a: 'sam', b: 'sam-2', old: 'sam-3' })
    expect(grant([claim('b', 'sam', '2026')], second.ledger).names).toEqual({ b: 'sam-2' })
  })

  test('needs no change of the ledger', () => {
    const claims = [claim('a', 'sam'), claim('b', 'sam'), claim('c', 'root')]
    expect(grant(claims, grant(claims).ledger).changes.size).toBe(0)
  })

  test('follows a new wish, and two people may swap', () => {
    const first = grant([claim('a', 'ann'), claim('b', 'bob')])
    expect(grant([claim('a', 'bob'), claim('b', 'ann')], first.ledger).names).toEqual({ a: 'bob', b: 'ann' })
  })

  test('three may rotate, and a chain may move up', () => {
    const first = grant([claim('a', 'x'), claim('b', 'y'), claim('c', 'z')])
    expect(grant([claim('a', 'y'), claim('b', 'z'), claim('c', 'x')], first.ledger).names).toEqual({
      a: 'y',
      b: 'z',
      c: 'x',
    })
    expect(grant([claim('a', 'y'), claim('b', 'z'), claim('c', 'w')], first.ledger).names).toEqual({
      a: 'y',
      b: 'z',
      c: 'w',
    })
  })

  test('changes only its case when only the case of the wish changes', () => {
    const first = grant([claim('a', 'sales')])
    const second = grant([claim('a', 'Sales')], first.ledger)
    expect(second.names).toEqual({ a: 'Sales' })
    expect(second.changes.size).toBe(0)
  })

  test("stays while a rename waits for approval, and the new one is nobody else's", () => {
    const first = grant([claim('a', 'ann')])
    const second = grant(
      [claim('a', 'anna', null, { name: 'ann', promised: 'anna' }), claim('n', 'ann'), claim('o', 'anna')],
      first.ledger,
    )
    expect(second.names).toEqual({ a: 'ann', n: 'ann-2', o: 'anna-2' })
  })
})

describe('a freed name', () => {
  const freedOn = (date: string): Ledger => new Map([['sam', { holder: 'a', base: 'sam', suffix: 0, freed: date }]])

  test('is kept from newcomers until the time is over', () => {
    expect(grant([claim('n', 'sam')], freedOn('2025-12-01T00:00:00.000Z')).names).toEqual({ n: 'sam-2' })
    expect(grant([claim('n', 'sam')], freedOn('2025-01-01T00:00:00.000Z')).names).toEqual({ n: 'sam' })
  })

  test('is there for its last holder at any time', () => {
    const ledger = freedOn('2025-12-01T00:00:00.000Z')
    expect(grant([claim('a', 'sam'), claim('n', 'sam', '2000')], ledger).names).toEqual({ a: 'sam', n: 'sam-2' })
  })

  test('is not for newcomers of the very plan that frees it', () => {
    const first = grant([claim('a', 'sam')])
    expect(grant([claim('a', 'samuel'), claim('n', 'sam', '2000')], first.ledger).names).toEqual({
      a: 'samuel',
      n: 'sam-2',
    })
  })

  test('is freed when its holder is gone, once', () => {
    const { ledger } = grant([claim('a', 'ann'), claim('b', 'bob')])
    const freed = freeNames({ records: ledger }, (holder) => holder === 'a', rules.now)
    expect([...freed.keys()]).toEqual(['bob'])
    expect(freeNames({ records: new Map([...ledger, ...freed]) }, (holder) => holder === 'a', 'later').size).toBe(0)
  })
})

test('reserved names and names of file entries go to nobody', () => {
  const { names, grants } = grant([claim('a', 'Root'), claim('b', 'breakglass')])
  expect(names).toEqual({ a: 'Root-2', b: 'breakglass-2' })
  expect(grants.get('a')).toMatchObject({ note: 'the name "Root" is reserved' })
})

const wish = fc.constantFrom('sam', 'Sam', 'sam-2', 'root', 'ann', 'bob', 'x'.repeat(32))
const claimsOf = fc.uniqueArray(
  fc.record({
    holder: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    wanted: wish,
    created: fc.option(fc.constantFrom('2023', '2024', '2025')),
  }),
  { selector: (c) => c.holder, minLength: 1 },
)

test('for any two generations: names are unique, independent of order, and stable', () => {
  fc.assert(
    fc.property(claimsOf, claimsOf, fc.infiniteStream(fc.nat()), (before, after, noise) => {
      const toClaims = (list: typeof before) => list.map((c) => claim(c.holder, c.wanted, c.created))
      const { ledger } = grant(toClaims(before))
      const freed = freeNames({ records: ledger }, (h) => after.some((c) => c.holder === h), '2026-02-01T00:00:00.000Z')
      const start = new Map([...ledger, ...freed])
      const result = grant(toClaims(after), start)
      const shuffled = toClaims(after)
        .map((c) => ({ c, key: noise.next().value }))
        .sort((x, y) => x.key - y.key)
        .map(({ c }) => c)
      expect(grant(shuffled, start).names).toEqual(result.names)
      const given = Object.values(result.names).map((name) => name.toLowerCase())
      expect(new Set(given).size).toBe(given.length)
      expect(given).not.toContain('root')
      const again = grant(toClaims(after), result.ledger)
      expect(again.names).toEqual(result.names)
      expect(again.changes.size).toBe(0)
    }),
  )
})
