import { describe, expect, test } from 'vitest'
import { knownText } from '../../../server/protocol/known-text.ts'

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
