import { timingSafeEqual } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'

/** Time-based codes (RFC 6238) as every authenticator app takes them: SHA-1, 6 digits, 30 seconds. */
const settings = { algorithm: 'SHA1', digits: 6, period: 30 } as const
const secretOctets = 20
/** Steps that a clock may be off, either way. */
const driftSteps = 1

/** Base32. */
export function newTotpSecret(): string {
  return new Secret({ size: secretOctets }).base32
}

/** The secret as people type it. */
export function groupedSecret(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? ''
}

/** What authenticator apps read from a QR code. */
export function totpUri(secret: string, { issuer, label }: { issuer: string; label: string }): string {
  return new TOTP({ ...settings, secret: Secret.fromBase32(secret), issuer, label }).toString()
}

/** The time step whose code this is, later than `after`; undefined when it is none. Every step is compared, each in constant time. */
export function totpStep(secret: string, code: string, now: Date, after: number): number | undefined {
  const octets = Buffer.from(code)
  const totp = new TOTP({ ...settings, secret: Secret.fromBase32(secret) })
  const current = Math.floor(now.getTime() / 1000 / settings.period)
  let found: number | undefined
  for (let step = current - driftSteps; step <= current + driftSteps; step += 1) {
    const expected = Buffer.from(totp.generate({ timestamp: step * settings.period * 1000 }))
    const matches = octets.length === expected.length && timingSafeEqual(octets, expected)
    if (matches && step > after) found ??= step
  }
  return found
}
