import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FrozenIndex, IndexBuilder } from '../../../../server/directory/memory/frozen-index.ts'
import { ChangeCollector, postingHas, slotsOf, ValueIndex } from '../../../../server/directory/memory/value-index.ts'

/** Whole code points: keys come from UTF-8. */
const key = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a',
    'ab',
    'é',
    'e\u0301',
    'ß',
    '日本',
    '\u{1F600}',
    '\uFEFF',
    '\uFFFD',
    'x'.repeat(5000),
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.nat(3000).map((n) => `key ${n}`),
)
type Model = Map<string, Set<number>>
const sorted = (slots: Iterable<number>) => [...slots].sort((a, b) => a - b)

function expectSame(index: ValueIndex, model: Model, others: readonly string[]): void {
  const filled = [...model].filter(([, slots]) => slots.size > 0)
  expect(new Map(Array.from(index, ([each, posting]) => [each, [...slotsOf(posting)]]))).toEqual(
    new Map(filled.map(([each, slots]) => [each, sorted(slots)])),
  )
  for (const each of [...model.keys(), ...others]) {
    const slots = sorted(model.get(each) ?? [])
    expect([each, [...slotsOf(index.get(each))]]).toEqual([each, slots])
    for (const slot of [0, 1, 7, 2 ** 31]) expect(postingHas(index.get(each), slot)).toBe(slots.includes(slot))
  }
}

function frozen(pairs: Iterable<readonly [string, Iterable<number>]>): FrozenIndex {
  const builder = new IndexBuilder()
  for (const [each, slots] of pairs) for (const slot of slots) builder.add(each, slot)
  return builder.freeze()
}

const slot = fc.oneof(fc.nat(20), fc.constantFrom(2 ** 31, 2 ** 32 - 2))
const pairs = fc.array(fc.tuple(key, fc.array(slot, { minLength: 1, maxLength: 5 })), { maxLength: 60 })

test('a frozen index gives each key the slots it was made with, and others none', () => {
  fc.assert(
    fc.property(pairs, fc.array(key, { maxLength: 20 }), fc.boolean(), (given, others, isBySlot) => {
      const model: Model = new Map()
      for (const [each, slots] of given) model.set(each, new Set([...(model.get(each) ?? []), ...slots]))
      const builder = new IndexBuilder()
      if (isBySlot)
        for (const one of new Set(given.flatMap(([, slots]) => slots)))
          for (const [each, slots] of given) {
            if (slots.includes(one)) builder.add(each, one)
          }
      else for (const [each, slots] of model) for (const one of slots) builder.add(each, one)
      expectSame(new ValueIndex(builder.freeze()), model, others)
    }),
  )
})

test('a frozen index of many keys grows', () => {
  const model: Model = new Map(Array.from({ length: 20_000 }, (_, n) => [`ключ ${n}`, new Set([n % 7, n])]))
  const index = frozen(model)
  expect(index.size).toBe(20_000)
  for (const [each, slots] of model) expect([...slotsOf(index.get(each))]).toEqual(sorted(slots))
  expect(index.get('ключ 20000')).toBeUndefined()
})

const step = fc.record({
  changes: fc.array(fc.tuple(key, fc.nat(20), fc.boolean()), { maxLength: 40 }),
  isRefrozen: fc.boolean(),
})

test('an index that changes, and is made anew now and then, stays like a map', () => {
  fc.assert(
    fc.property(pairs, fc.array(step, { maxLength: 6 }), fc.array(key, { maxLength: 5 }), (given, steps, others) => {
      const model: Model = new Map()
      for (const [each, slots] of given) model.set(each, new Set([...(model.get(each) ?? []), ...slots]))
      let index = new ValueIndex(frozen(model))
      for (const { changes, isRefrozen } of steps) {
        const before = index
        const modelBefore: Model = new Map(Array.from(model, ([each, slots]) => [each, new Set(slots)]))
        const collector = new ChangeCollector()
        for (const [each, one, isMember] of changes) {
          collector.set(each, one, isMember)
          const slots = new Set(model.get(each))
          if (isMember) slots.add(one)
          else slots.delete(one)
          model.set(each, slots)
        }
        index = index.with(collector.changes)
        if (isRefrozen) {
          const making = index.refrozen()
          for (let made = making.next(); ; made = making.next())
            if (made.done) {
              index = new ValueIndex(made.value)
              break
            }
        }
        expectSame(index, model, others)
        expectSame(before, modelBefore, others)
      }
    }),
  )
})

test('a key that is spelt as the octets of another is another', () => {
  const keys = Array.from({ length: 380 }, (_, n) => `${String.fromCharCode(0xe0 + (n % 24))}r${n}`)
  const index = frozen(keys.map((each, n) => [each, [n]]))
  for (const each of keys) expect(index.get(Buffer.from(each).toString('latin1'))).toBeUndefined()
  for (const [n, each] of keys.entries()) expect(index.get(each)).toBe(n)
})

test('plain octets are the key that their text is, folded or not; others are none', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'binary-ascii', maxLength: 12 }), fc.boolean()), { maxLength: 300 }),
      (given) => {
        const [byText, byOctets] = [new IndexBuilder(), new IndexBuilder()]
        for (const [at, [text, isFolded]] of given.entries()) {
          const isPlain = /^[!-~]+(?: [!-~]+)*$/.test(text)
          const octets = Buffer.from(`<${text}>`)
          expect(byOctets.addPlain(octets, 1, octets.length - 1, isFolded, at)).toBe(isPlain)
          if (isPlain) byText.add(isFolded ? text.toLowerCase() : text, at)
        }
        const all = (builder: IndexBuilder) => new Map(new ValueIndex(builder.freeze()))
        expect(all(byOctets)).toEqual(all(byText))
      },
    ),
  )
})
