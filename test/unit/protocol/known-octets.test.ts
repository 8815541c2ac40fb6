import { describe, expect, test } from 'vitest'
import { KnownOctets, knownText } from '../../../server/protocol/known-octets.ts'

function read(octets: Buffer): string {
  return knownText(Buffer.concat([Buffer.from('>'), octets, Buffer.from('<')]), 1, 1 + octets.length)
}

describe('the text of octets that come again', () => {
  test.each([
    ['a name', 'objectClass'],
    ['another case', 'OBJECTCLASS'],
    ['nothing', ''],
    ['NUL', '\0'],
    ['what is not ASCII', 'Zoë'],
    ['what is long', 'x'.repeat(1000)],
  ])('is what it was: %s', (_, text) => {
    expect([read(Buffer.from(text)), read(Buffer.from(text))]).toEqual([text, text])
  })

  test('is none of another text, however many there are', () => {
    const texts = Array.from({ length: 5000 }, (_, number) => `cn=${number.toString(36)}`)
    expect([...texts, ...texts].map((text) => read(Buffer.from(text)))).toEqual([...texts, ...texts])
  })

  test('has U+FFFD for what is not UTF-8', () => {
    expect(read(Buffer.from([0x61, 0xff]))).toBe('a�')
  })
})

test('octets that differ anywhere are other octets, and the same ones are read once', () => {
  let made = 0
  const known = new KnownOctets(100, (octets, start, end) => ({
    text: octets.toString('latin1', start, end),
    made: (made += 1),
  }))
  const read = (text: string) => known.read(Buffer.from(text))
  const base = 'a'.repeat(99)
  const others = Array.from(base, (_, at) => `${base.slice(0, at)}b${base.slice(at + 1)}`)
  for (const text of [base, ...others]) expect(read(text).text).toBe(text)
  expect(read(base)).toBe(read(base))
  const before = made
  read('a'.repeat(101))
  read('a'.repeat(101))
  expect(made).toBe(before + 2)
})
