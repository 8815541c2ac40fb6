import { parseDn } from '../../protocol/distinguished-name.ts'

/*
 * DNs and values of filters for configuration files of other programs. Every character that means something in some format
 * is written as the hex pairs of its octets, which RFC 4514 and RFC 4515 allow for any: of quotes, `$`, `%`, `?` and line
 * ends none is left, and a format has the backslash alone to look after.
 */

/** A DN. Throws DnSyntaxError. */
export function portableDn(dn: string): string {
  return parseDn(dn)
    .map((rdn) => rdn.map(({ type, value }) => `${type}=${portableValue(value)}`).join('+'))
    .join(',')
}

/** A value of a DN or a filter. */
export function portableValue(value: string | Uint8Array): string {
  if (typeof value !== 'string') return Array.from(value, hexPair).join('')
  return value.replaceAll(/[^\p{L}\p{N} _.@-]|^ | $/gu, (odd) => Array.from(Buffer.from(odd), hexPair).join(''))
}

/** The value of a filter that a DN of {@link portableDn} is compared with. */
export function dnInFilter(dn: string): string {
  return dn.replaceAll('\\', String.raw`\5c`)
}

/** For formats in which a backslash is written twice. */
export function doubledBackslashes(text: string): string {
  return text.replaceAll('\\', String.raw`\\`)
}

/** For a comment: one line, whatever the name is. */
export function inOneLine(text: string): string {
  return text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim()
}

function hexPair(octet: number): string {
  return `\\${octet.toString(16).padStart(2, '0')}`
}
