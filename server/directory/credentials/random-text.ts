import { randomBytes } from 'node:crypto'

/** RFC 4648 §6, in lower case: no letter looks like a digit. */
const base32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** Random groups of base32, joined by hyphens, easy to read out and to type; five bits a character. */
export function randomText(...groups: readonly number[]): string {
  return groups.map((length) => Array.from(randomBytes(length), (octet) => base32[octet & 31]).join('')).join('-')
}
