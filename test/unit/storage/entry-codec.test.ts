import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttributeValue, Entry } from '../../../server/directory/entry.ts'
import { decodeEntry, encodeEntry } from '../../../server/storage/entry-codec.ts'
import { person } from '../../contract/entry-builder.ts'

const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
)
const entry: fc.Arbitrary<Entry> = fc.record({
  dn: fc.string({ unit: 'grapheme' }),
  entryUUID: fc.uuid(),
  attributes: fc
    .array(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.array(value, { minLength: 1, maxLength: 5 })))
    .map((pairs) => new Map(pairs)),
})

test('decodes what it encoded', () => {
  fc.assert(
    fc.property(entry, (original) => {
      const decoded = decodeEntry(encodeEntry(original))
      expect(decoded).toEqual(original)
      expect([...decoded.attributes.keys()]).toEqual([...original.attributes.keys()])
    }),
  )
})

test('decodes an entry with many long values', () => {
  const member = Array.from({ length: 20_000 }, (_, n) => `uid=person-${n},ou=people,dc=example,dc=com`)
  const group = person(1, 'all', { member, jpegPhoto: [new Uint8Array(100_000).fill(7)] })
  expect(decodeEntry(encodeEntry(group))).toEqual(group)
})

test('names an unknown format', () => {
  const encoded = encodeEntry(person(1, 'ada'))
  encoded[0] = 9
  expect(() => decodeEntry(encoded)).toThrow('A stored entry has format 9; this version reads format 1.')
})

test('finds every damaged byte', () => {
  const encoded = encodeEntry(person(1, 'ada'))
  for (let offset = 0; offset < encoded.length; offset++) {
    const damaged = Buffer.from(encoded)
    damaged.writeUInt8(damaged.readUInt8(offset) ^ 0x10, offset)
    expect(() => decodeEntry(damaged)).toThrow('A stored entry')
    expect(() => decodeEntry(encoded.subarray(0, offset))).toThrow('A stored entry')
  }
})
