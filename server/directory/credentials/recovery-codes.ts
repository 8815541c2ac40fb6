import { createHmac, timingSafeEqual } from 'node:crypto'
import { randomText } from './random-text.ts'

const codes = 10

/** `xxxx-xxxx-xxxx`, 60 random bits each. */
export function newRecoveryCodes(): readonly string[] {
  return Array.from({ length: codes }, () => randomText(4, 4, 4))
}

/** The code as it was given, of what a person types; undefined for what cannot be one. */
export function readRecoveryCode(text: string): string | undefined {
  const letters = text.toLowerCase().replace(/[\s-]/g, '')
  return /^[a-z2-7]{12}$/.test(letters) ? (letters.match(/.{4}/g)?.join('-') ?? '') : undefined
}

/** Base64, as kept: HMAC-SHA-256. */
export function recoveryCodeMac(key: Uint8Array, code: string): string {
  return createHmac('sha256', key).update(code).digest('base64')
}

/** The codes that are left when this one is used; undefined when it is none of them. All are compared, in constant time. */
export function withoutRecoveryCode(macs: readonly string[], mac: string): readonly string[] | undefined {
  const used = Buffer.from(mac)
  const left = macs.filter((kept) => {
    const octets = Buffer.from(kept)
    return !(octets.length === used.length && timingSafeEqual(octets, used))
  })
  return left.length === macs.length ? undefined : left
}
