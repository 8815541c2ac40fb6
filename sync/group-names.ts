import { cut } from './reserved-names.ts'

/** Longer names break getgrent buffers of older clients. */
export const maxGroupNameLength = 64

/**
 * The cn of a group: its name with the characters that break hosts replaced by `_` (DN and passwd separators, slashes,
 * control characters; one such name breaks every sssd enumeration), blanks folded. Never empty.
 */
export function wantedGroupName(name: string): string {
  const safe = name
    .normalize('NFC')
    // Format characters (soft hyphen, joiners, directions) are not seen and not compared.
    .replace(/\p{Cf}/gu, '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029,+"\\<>;=/:]/g, '_')
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/^[#-]+/, '_')
  return cut(safe, maxGroupNameLength).trimEnd() || 'group'
}
