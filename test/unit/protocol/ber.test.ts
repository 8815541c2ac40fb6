import { describe, expect, test } from 'vitest'
import { BerError, BerReader, Tag } from '../../../server/protocol/ber-reader.ts'
import {
  BerWriter,
  element,
  headerSize,
  integerElement,
  integerSize,
  textElement,
} from '../../../server/protocol/ber-writer.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('a length', () => {
  test.each([
    [0, '04 00'],
    [127, '04 7f'],
    [128, '04 81 80'],
    [255, '04 81 ff'],
    [256, '04 82 01 00'],
    [65_535, '04 82 ff ff'],
    [65_536, '04 83 01 00 00'],
    [16_777_215, '04 83 ff ff ff'],
    [16_777_216, '04 84 01 00 00 00'],
  ])('of %d octets is written in the shortest form and read back', (length, header) => {
    const octets = Buffer.alloc(length, 7)
    const encoded = element(Tag.octetString, octets)
    expect(encoded.subarray(0, headerSize(length)).toString('hex')).toBe(header.replaceAll(' ', ''))
    expect(encoded.length).toBe(headerSize(length) + length)
    const reader = new BerReader(encoded)
    expect(reader.readOctets().equals(octets)).toBe(true)
    expect(reader.isAtEnd).toBe(true)
  })

  test.each(['04 81 03 61 62 63', '04 82 00 03 61 62 63', '04 84 00 00 00 03 61 62 63'])(
    'may be longer than it need be (X.690 §8.1.3): %s',
    (encoded) => {
      expect(new BerReader(hex(encoded)).readText()).toBe('abc')
    },
  )
})

describe('refuses', () => {
  test.each([
    ['an indefinite length', '04 80 61 00 00', 'indefinite length'],
    ['a length of five octets', '04 85 00 00 00 00 01 61', 'length of more than 4 octets'],
    ['the reserved length octet', '04 ff 61', 'length of more than 4 octets'],
    ['a length that is cut off', '04 82 01', 'length missing'],
    ['a tag alone', '04', 'length missing'],
    ['a length past the end', '04 03 61 62', 'length reaches past the enclosing element'],
    ['the largest length', '04 84 ff ff ff ff', 'length reaches past the enclosing element'],
    ['another tag', '02 01 00', 'tag 0x2 where 0x4 was expected'],
    ['nothing', '', 'element missing'],
  ])('%s', (_, encoded, problem) => {
    const reader = new BerReader(hex(encoded))
    expect(() => reader.readOctets()).toThrow(BerError)
    expect(() => new BerReader(hex(encoded)).readOctets()).toThrow(problem)
  })

  test('an element that reaches past the one around it, though octets follow', () => {
    const inner = new BerReader(hex('30 03 04 02 61 62')).readConstructed(Tag.sequence)
    expect(() => inner.readOctets()).toThrow('length reaches past the enclosing element')
  })

  test('to skip where nothing is left', () => {
    expect(() => new BerReader(Buffer.alloc(0)).skip()).toThrow(BerError)
  })
})

describe('an integer', () => {
  test.each([
    [0, '02 01 00'],
    [1, '02 01 01'],
    [127, '02 01 7f'],
    [128, '02 02 00 80'],
    [255, '02 02 00 ff'],
    [256, '02 02 01 00'],
    [32_767, '02 02 7f ff'],
    [32_768, '02 03 00 80 00'],
    [8_388_608, '02 04 00 80 00 00'],
    [2_147_483_647, '02 04 7f ff ff ff'],
    [2_147_483_648, '02 05 00 80 00 00 00'],
    [-1, '02 01 ff'],
    [-128, '02 01 80'],
    [-129, '02 02 ff 7f'],
    [-32_768, '02 02 80 00'],
    [-32_769, '02 03 ff 7f ff'],
    [-2_147_483_648, '02 04 80 00 00 00'],
  ])('%d is %s', (value, encoded) => {
    expect(integerElement(Tag.integer, value).toString('hex')).toBe(encoded.replaceAll(' ', ''))
    expect(integerSize(value)).toBe(hex(encoded).length - 2)
    expect(new BerReader(hex(encoded)).readInteger()).toBe(value)
  })

  test('may have octets it does not need', () => {
    expect(new BerReader(hex('02 04 00 00 00 05')).readInteger()).toBe(5)
    expect(new BerReader(hex('02 03 ff ff ff')).readInteger()).toBe(-1)
  })

  test.each(['02 00', '02 07 00 00 00 00 00 00 01'])('is refused without octets or with too many: %s', (encoded) => {
    expect(() => new BerReader(hex(encoded)).readInteger()).toThrow(BerError)
  })
})

describe('a boolean', () => {
  test('is true for every octet but 0', () => {
    expect(new BerReader(hex('01 01 00')).readBoolean()).toBe(false)
    expect(new BerReader(hex('01 01 ff')).readBoolean()).toBe(true)
    expect(new BerReader(hex('01 01 01')).readBoolean()).toBe(true)
  })

  test.each(['01 00', '01 02 00 00'])('is refused unless it is one octet: %s', (encoded) => {
    expect(() => new BerReader(hex(encoded)).readBoolean()).toThrow('boolean is not one octet')
  })

  test('is written as ff or 00 (RFC 4511 §5.1)', () => {
    const writer = new BerWriter(1)
    writer.boolean(true)
    writer.boolean(false)
    expect(writer.take()).toEqual(hex('01 01 ff 01 01 00'))
  })
})

test('goes through the parts of a constructed element, and past it', () => {
  const reader = new BerReader(
    Buffer.concat([element(Tag.sequence, textElement(4, 'a'), textElement(4, 'é')), hex('0500')]),
  )
  const inner = reader.readConstructed(Tag.sequence)
  expect(reader.peekTag()).toBe(5)
  expect(inner.readText()).toBe('a')
  expect(inner.peekTag()).toBe(4)
  inner.skip()
  expect(inner.isAtEnd).toBe(true)
  expect(inner.peekTag()).toBe(-1)
})

test('shows octets that are not UTF-8 as U+FFFD', () => {
  expect(new BerReader(hex('04 02 61 ff')).readText()).toBe('a\ufffd')
})

describe('a writer', () => {
  test('grows as it is written to', () => {
    const writer = new BerWriter(4)
    for (let n = 0; n < 1000; n += 1) writer.text(Tag.octetString, `value ${n}`)
    const reader = new BerReader(writer.take())
    for (let n = 0; n < 1000; n += 1) expect(reader.readText()).toBe(`value ${n}`)
    expect(reader.isAtEnd).toBe(true)
  })

  test('is empty after its octets were taken, and leaves them alone', () => {
    const writer = new BerWriter()
    for (const size of [10, 10_000]) {
      writer.raw(Buffer.alloc(size, 1))
      const taken = writer.take()
      expect(writer.length).toBe(0)
      writer.raw(Buffer.alloc(20_000, 2))
      expect(taken.equals(Buffer.alloc(size, 1))).toBe(true)
      expect(writer.take().length).toBe(20_000)
    }
  })

  test('copies a part of a buffer', () => {
    const writer = new BerWriter(1)
    writer.copy(Buffer.from('abcdef'), 2, 4)
    expect(writer.take().toString()).toBe('cd')
  })

  test('counts octets of text, not characters', () => {
    const writer = new BerWriter()
    writer.text(Tag.octetString, 'é😀')
    expect(writer.take()).toEqual(hex('04 06 c3 a9 f0 9f 98 80'))
  })
})
