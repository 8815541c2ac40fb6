/** Preparation of strings for matching (RFC 4518): map, normalize, and the handling of insignificant space. */

// RFC 4518 §2.2: mapped to nothing.
const mappedToNothing =
  // eslint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u06dd\u070f\u1806\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2063\u206a-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/gu
// RFC 4518 §2.2: mapped to SPACE.
const mappedToSpace = /[\t-\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/gu

const plain = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/
const spaces = / {2,}/g

// What has a combining class other than 0, or decomposes to it.
const manyMarks = /[\p{M}\uff9e\uff9f]{30}/gu
const joiner = '\u034f'

/** Putting marks behind one letter in order takes time quadratic in their number: as in UAX #15 §13 no more than 30 are kept together. */
function normalize(text: string): string {
  return text.replace(manyMarks, `$&${joiner}`).normalize('NFKC').replaceAll(joiner, '')
}

/** RFC 3454 table B.2 (with NFKC): ß, ẞ and ss become one, as do the sigmas; dotless i stays itself, as there. */
function foldCase(text: string): string {
  let folded = ''
  for (const character of normalize(text)) {
    folded += character === 'ı' ? character : character.toLowerCase().toUpperCase().toLowerCase()
  }
  return normalize(folded)
}

function mapAndNormalize(text: string, ignoreCase: boolean): string {
  const mapped = text.replace(mappedToNothing, '').replace(mappedToSpace, ' ')
  return ignoreCase ? foldCase(mapped) : normalize(mapped)
}

/**
 * The text of octets that preparation leaves as they are but for case: printable ASCII with single spaces between words. undefined for all
 * others.
 */
export function plainText(octets: Buffer): string | undefined {
  let before = 0x20
  for (let at = 0; at < octets.length; at += 1) {
    const octet = octets[at] ?? 0
    if (octet < 0x20 || octet > 0x7e || (octet === 0x20 && before === 0x20)) return undefined
    before = octet
  }
  return before === 0x20 ? undefined : octets.toString('latin1')
}

/** The comparable form of a value: leading and trailing space removed, inner runs of space made one (§2.6.1). */
export function prepareString(text: string, ignoreCase: boolean): string {
  if (plain.test(text)) return ignoreCase ? text.toLowerCase() : text
  return mapAndNormalize(text, ignoreCase).replace(spaces, ' ').trim()
}

/**
 * The comparable form of a part of a substrings assertion, to be looked for in {@link padForSubstrings} of a prepared value:
 * one space at the ends, two within (RFC 4518 §2.6.1), so that two parts can meet at one space of the value.
 */
export function prepareSubstring(text: string, ignoreCase: boolean, position: 'initial' | 'any' | 'final'): string {
  const mapped = mapAndNormalize(text, ignoreCase)
  const inner = doubleSpaces(mapped.trim())
  const before = mapped.startsWith(' ') || position === 'initial' ? ' ' : ''
  if (inner === '') return before || (position === 'final' ? ' ' : '')
  const after = mapped.endsWith(' ') || position === 'final' ? ' ' : ''
  return `${before}${inner}${after}`
}

/** A prepared value as the parts of a substrings assertion see it (RFC 4518 §2.6.1). */
export function padForSubstrings(prepared: string): string {
  return ` ${doubleSpaces(prepared)} `
}

function doubleSpaces(text: string): string {
  return text.includes(' ') ? text.replace(/ +/g, '  ') : text
}
