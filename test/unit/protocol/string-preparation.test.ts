import { describe, expect, test } from 'vitest'
import { padForSubstrings, prepareString, prepareSubstring } from '../../../server/protocol/string-preparation.ts'

test('any number of combining marks is prepared in time that grows with their number', () => {
  const marks = '\u0300\u0316'.repeat(200_000) // in an order that normalization changes
  expect(prepareString(`a${marks}`, true)).toHaveLength(400_001 - 1) // à is one
  expect(prepareString('e\u0323\u0302', true)).toBe(prepareString('e\u0302\u0323', true))
})

describe('without regard to case, these are equal (RFC 4518 §2)', () => {
  test.each([
    ['upper and lower case', 'ADA', 'ada'],
    ['ß and ss', 'Straße', 'STRASSE'],
    ['capital ẞ and ss', 'STRAẞE', 'strasse'],
    ['long s and s', 'ſam', 'SAM'],
    ['final, ordinary and capital sigma', 'ΣΟΦΟΣ', 'σοφος'],
    ['final sigma alone', 'ς', 'Σ'],
    ['Kelvin sign and k', '\u212a', 'k'],
    ['Angstrom sign and å', '\u212b', 'å'],
    ['dotted capital I and i with a dot above', 'İ', 'i\u0307'],
    ['composed and decomposed letters', 'é', 'e\u0301'],
    ['ligatures and their letters', 'ﬁ', 'FI'],
    ['full-width and ordinary letters', 'Ａｄａ', 'ada'],
    ['the soft hyphen and nothing', 'Ada\u00adLove', 'adalove'],
    ['variation selectors and nothing', 'a\ufe0f', 'a'],
    ['zero width space and nothing', 'a\u200bb', 'ab'],
    ['controls and nothing', 'a\u0000\u0007\u007fb', 'ab'],
    ['tags beyond the basic plane and nothing', 'a\u{e0001}\u{e0041}b', 'ab'],
    ['musical controls beyond the basic plane and nothing', 'a\u{1d173}b', 'ab'],
    ['tab, line end, no-break space and space', 'a\tb\r\nc\u00a0d', 'a b c d'],
    ['one space and several', 'a   b', 'a b'],
    ['space at the ends and none', '  a ', 'a'],
    ['nothing but space and nothing', '   ', ''],
    ['Cherokee letters of both cases', 'Ꭰ', 'ꭰ'],
  ])('%s', (_, a, b) => {
    expect(prepareString(a, true)).toBe(prepareString(b, true))
  })
})

describe('these stay different', () => {
  test.each([
    ['dotless i and i', 'ı', 'i'],
    ['dotless i and I', 'ı', 'I'],
    ['accents', 'é', 'e'],
    ['inner space and none', 'a b', 'ab'],
    ['letters of other scripts that look alike', 'а', 'a'],
  ])('%s', (_, a, b) => {
    expect(prepareString(a, true)).not.toBe(prepareString(b, true))
  })
})

test('with regard to case, only case makes a difference', () => {
  expect(prepareString('Ada', false)).not.toBe(prepareString('ada', false))
  expect(prepareString(' Ａda  L\u00ad', false)).toBe('Ada L')
})

describe('a substrings assertion sees', () => {
  const holds = (
    value: string,
    parts: { readonly initial?: string; readonly any?: readonly string[]; readonly final?: string },
  ) => {
    const padded = padForSubstrings(prepareString(value, true))
    const start = parts.initial === undefined ? '' : prepareSubstring(parts.initial, true, 'initial')
    const end = parts.final === undefined ? '' : prepareSubstring(parts.final, true, 'final')
    let at = padded.startsWith(start) ? start.length : Number.NaN
    for (const part of parts.any ?? []) {
      const prepared = prepareSubstring(part, true, 'any')
      const found = padded.indexOf(prepared, at)
      at = found < 0 || Number.isNaN(at) ? Number.NaN : found + prepared.length
    }
    return padded.endsWith(end) && padded.length - end.length >= at
  }

  test('the space of the value once, however it was written (RFC 4518 §2.6.1)', () => {
    expect(holds('foo  bar', { initial: 'foo ', final: ' bar' })).toBe(true)
    expect(holds('foo bar', { initial: 'foo ', final: ' bar' })).toBe(true)
    expect(holds('foobar', { initial: 'foo ', final: ' bar' })).toBe(false)
    expect(holds('foo bar', { initial: 'foo   bar' })).toBe(true)
  })

  test('ends of the value where the assertion ends in space', () => {
    expect(holds('foo', { initial: 'foo ' })).toBe(true)
    expect(holds('foobar', { initial: 'foo ' })).toBe(false)
    expect(holds('foo bar', { any: ['o b'] })).toBe(true)
    expect(holds('foo bar', { any: ['o ', ' b'] })).toBe(true)
    expect(holds('xfoo', { any: [' foo'] })).toBe(false)
    expect(holds('foo', { any: [' foo'] })).toBe(true)
  })

  test('no overlap of parts', () => {
    expect(holds('aba', { initial: 'ab', final: 'ba' })).toBe(false)
    expect(holds('abba', { initial: 'ab', final: 'ba' })).toBe(true)
    expect(holds('aaa', { any: ['aa', 'aa'] })).toBe(false)
  })

  test('an assertion of nothing but space as one space', () => {
    expect(prepareSubstring('  ', true, 'initial')).toBe(' ')
    expect(prepareSubstring('  ', true, 'any')).toBe(' ')
    expect(prepareSubstring('  ', true, 'final')).toBe(' ')
    expect(padForSubstrings('')).toBe('  ')
  })
})
