import { isUtf8 } from 'node:buffer'

/*
 * Passwords that are set here are compared as text: keyboards and programs write the same letter in several ways (OpaqueString
 * of RFC 8265 §4.2: canonical composition, and one kind of space). Nothing else is folded.
 */

export function passwordText(typed: string): string {
  return typed.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC')
}

/** What is no text, or too long for a password, stays what it is. */
export function passwordOctets(typed: Buffer): Buffer {
  return typed.length <= longestOctets && isUtf8(typed) ? Buffer.from(passwordText(typed.toString('utf8'))) : typed
}

/** Decomposed letters take more than the 72 octets of bcrypt. */
const longestOctets = 1024
