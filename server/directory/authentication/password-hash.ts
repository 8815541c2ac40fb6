import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * A stored password, told apart by its scheme (RFC 2307 §5.3 and OpenLDAP's additions). `fast` is checked where it stands;
 * `bcrypt` costs tens of milliseconds and belongs in a worker.
 */
export type StoredPassword =
  | { readonly kind: 'fast'; readonly matches: (password: Uint8Array) => boolean }
  | { readonly kind: 'bcrypt'; readonly hash: string }

interface DigestScheme {
  readonly algorithm: string
  readonly bytes: number
}

const digests = new Map<string, DigestScheme>([
  ['sha', { algorithm: 'sha1', bytes: 20 }],
  ['ssha', { algorithm: 'sha1', bytes: 20 }],
  ['sha256', { algorithm: 'sha256', bytes: 32 }],
  ['ssha256', { algorithm: 'sha256', bytes: 32 }],
  ['sha512', { algorithm: 'sha512', bytes: 64 }],
  ['ssha512', { algorithm: 'sha512', bytes: 64 }],
])

// `$6$…`, `$argon2id$…`: a hash whose {CRYPT} was lost is no clear text
const modularCrypt = /^\$[0-9a-z-]+\$/
const bcryptHash = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/

/** Undefined for a scheme that cannot be checked here: such a password lets nobody in. */
export function readStoredPassword(stored: string): StoredPassword | undefined {
  const match = /^\{([A-Za-z0-9-]+)\}(.*)$/s.exec(stored)
  if (!match) return readCrypt(stored) ?? (stored === '' || modularCrypt.test(stored) ? undefined : clearText(stored))
  const scheme = (match[1] ?? '').toLowerCase()
  const data = match[2] ?? ''
  const digest = digests.get(scheme)
  if (digest) return digestPassword(digest, data, scheme.startsWith('ss'))
  if (scheme === 'bcrypt' || scheme === 'crypt') return readCrypt(data)
  if (scheme === 'cleartext' && data !== '') return clearText(data)
  return undefined
}

function readCrypt(hash: string): StoredPassword | undefined {
  return bcryptHash.test(hash) ? { kind: 'bcrypt', hash } : undefined
}

/** The digest, followed by the salt in the salted schemes. */
function digestPassword(
  { algorithm, bytes }: DigestScheme,
  base64: string,
  isSalted: boolean,
): StoredPassword | undefined {
  const octets = Buffer.from(base64, 'base64')
  if (isSalted ? octets.length <= bytes : octets.length !== bytes) return undefined
  const expected = octets.subarray(0, bytes)
  const salt = octets.subarray(bytes)
  return {
    kind: 'fast',
    matches: (password) => timingSafeEqual(createHash(algorithm).update(password).update(salt).digest(), expected),
  }
}

/** Compared by digest, so that neither content nor length shows in the time taken. */
function clearText(stored: string): StoredPassword {
  const digest = (octets: Uint8Array) => createHash('sha256').update(octets).digest()
  const expected = digest(Buffer.from(stored))
  return { kind: 'fast', matches: (password) => timingSafeEqual(digest(password), expected) }
}
