import { isUtf8 } from 'node:buffer'
import { createHash, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { compareSync } from 'bcryptjs'
import { matchesShaCrypt, readShaCrypt } from './sha-crypt.ts'

/**
 * A stored password, told apart by its scheme (RFC 2307 §5.3, and what OpenLDAP, glibc and Django write). `fast` is checked
 * where it stands; `slow` costs tens of milliseconds or more and belongs in a worker.
 */
export type StoredPassword =
  | { readonly kind: 'fast'; readonly matches: PasswordTest; readonly clearText?: string }
  | { readonly kind: 'slow'; readonly isBcrypt: boolean; readonly matches: PasswordTest }
  /** Lets nobody in; `why` is a sentence that holds nothing of the password. */
  | { readonly kind: 'unusable'; readonly why: string }

type PasswordTest = (password: Uint8Array) => boolean

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
const pbkdf2Digests = new Map<string, DigestScheme>([
  ['pbkdf2', { algorithm: 'sha1', bytes: 20 }],
  ['pbkdf2-sha1', { algorithm: 'sha1', bytes: 20 }],
  ['pbkdf2-sha256', { algorithm: 'sha256', bytes: 32 }],
  ['pbkdf2-sha512', { algorithm: 'sha512', bytes: 64 }],
  // Django's names
  ['pbkdf2_sha1', { algorithm: 'sha1', bytes: 20 }],
  ['pbkdf2_sha256', { algorithm: 'sha256', bytes: 32 }],
])

/** What a check may cost at most, so that no stored value keeps a worker for longer than some seconds. */
const mostShaCryptRounds = 1_000_000
const mostPbkdf2Iterations = 2_000_000
const leastBcryptCost = 4
const mostBcryptCost = 16
/** crypt's time grows with the square of the length. */
const longestPassword = 512
// bcrypt reads no more than 72 octets and stops at NUL: a longer password would share its hash with its beginning.
const bcryptOctets = 72

// `$6$…`, `$argon2id$…`: a hash whose {CRYPT} was lost is no clear text, and neither is Django's
const modularCrypt = /^\$([0-9a-z-]+)\$/
const djangoHash = /^([a-z0-9]+(?:_[a-z0-9]+)+)\$(\d+)\$([^$]+)\$([A-Za-z0-9+/=]+)$/
const bcryptHash = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

export function readStoredPassword(stored: string): StoredPassword {
  const [, name, data = ''] = /^\{([A-Za-z0-9_-]+)\}(.*)$/s.exec(stored) ?? []
  if (name === undefined) return readUnlabelled(stored)
  const scheme = name.toLowerCase()
  const digest = digests.get(scheme)
  if (digest) return readDigest(name, digest, data)
  const pbkdf2Digest = scheme.includes('_') ? undefined : pbkdf2Digests.get(scheme)
  if (pbkdf2Digest) return readPbkdf2(name, pbkdf2Digest, data)
  if (scheme === 'bcrypt' || scheme === 'crypt') return readCrypt(data)
  if (scheme === 'cleartext') return data === '' ? damaged(name) : clearText(data)
  return unusable(`passwords of the scheme {${name.slice(0, 30)}} cannot be checked`)
}

/**
 * What is kept of a stored password: itself, or a salted digest ({SSHA512}) of one in clear text. The same for the same
 * password and `salt`, so that it can be told whether it is another one.
 */
export function withoutClearText(stored: string, salt: Uint8Array): string {
  const read = readStoredPassword(stored)
  if (read.kind !== 'fast' || read.clearText === undefined) return stored
  const digest = createHash('sha512').update(read.clearText).update(salt).digest()
  return `{SSHA512}${Buffer.concat([digest, salt]).toString('base64')}`
}

function readUnlabelled(stored: string): StoredPassword {
  if (stored === '') return unusable('the stored password is empty')
  if (modularCrypt.test(stored)) return readCrypt(stored)
  const [, name = '', iterations = '', salt = '', hash = ''] = djangoHash.exec(stored) ?? []
  if (name === '') return clearText(stored)
  const digest = pbkdf2Digests.get(name)
  if (digest === undefined) return unusable(`passwords of the scheme ${name} cannot be checked`)
  return pbkdf2(name, digest, Number(iterations), Buffer.from(salt), Buffer.from(hash, 'base64'))
}

/** What `crypt` of a C library writes. */
function readCrypt(hash: string): StoredPassword {
  const cost = bcryptHash.exec(hash)?.[1]
  if (cost !== undefined) {
    if (Number(cost) < leastBcryptCost) return damaged('CRYPT')
    if (Number(cost) > mostBcryptCost) return unusable(`the bcrypt password has a cost of more than ${mostBcryptCost}`)
    return slow(true, (password) => matchesBcrypt(password, hash))
  }
  const shaCrypt = readShaCrypt(hash)
  if (shaCrypt !== undefined) {
    if (shaCrypt.rounds > mostShaCryptRounds) return tooCostly('CRYPT', mostShaCryptRounds)
    return slow(false, (password) => matchesShaCrypt(password, shaCrypt))
  }
  const id = modularCrypt.exec(hash)?.[1]
  if (id === undefined) return unusable('{CRYPT} passwords in the form of DES cannot be checked')
  return ['2a', '2b', '2y', '5', '6'].includes(id) ? damaged('CRYPT') : unusable(`$${id}$ passwords cannot be checked`)
}

/** The digest, followed by the salt in the salted schemes. */
function readDigest(name: string, { algorithm, bytes }: DigestScheme, base64: string): StoredPassword {
  const isSalted = name.toLowerCase().startsWith('ss')
  const octets = Buffer.from(base64, 'base64')
  if (isSalted ? octets.length <= bytes : octets.length !== bytes) return damaged(name)
  const expected = octets.subarray(0, bytes)
  const salt = octets.subarray(bytes)
  return {
    kind: 'fast',
    matches: (password) => timingSafeEqual(createHash(algorithm).update(password).update(salt).digest(), expected),
  }
}

/** `iterations$salt$key`, in base64 whose `+` may be `.` and whose padding is left out, as OpenLDAP's pw-pbkdf2 writes it. */
function readPbkdf2(name: string, digest: DigestScheme, data: string): StoredPassword {
  const [, iterations, salt = '', key = ''] = /^(\d{1,10})\$([A-Za-z0-9./+=]*)\$([A-Za-z0-9./+=]+)$/.exec(data) ?? []
  const octets = (text: string) => Buffer.from(text.replaceAll('.', '+'), 'base64')
  return iterations === undefined ? damaged(name) : pbkdf2(name, digest, Number(iterations), octets(salt), octets(key))
}

function pbkdf2(
  name: string,
  { algorithm, bytes }: DigestScheme,
  iterations: number,
  salt: Buffer,
  key: Buffer,
): StoredPassword {
  if (iterations < 1 || key.length !== bytes) return damaged(name)
  if (iterations > mostPbkdf2Iterations) return tooCostly(name, mostPbkdf2Iterations)
  return slow(false, (password) => {
    const found = pbkdf2Sync(password, salt, iterations, bytes, algorithm)
    // HMAC takes a short key and the same one with NULs behind it for equal.
    return timingSafeEqual(found, key) && !password.includes(0)
  })
}

/** Compared by digest, so that neither content nor length shows in the time taken. */
function clearText(stored: string): StoredPassword {
  const digest = (octets: Uint8Array) => createHash('sha256').update(octets).digest()
  const expected = digest(Buffer.from(stored))
  return { kind: 'fast', clearText: stored, matches: (password) => timingSafeEqual(digest(password), expected) }
}

/** What cannot be the password costs as much as what can. */
function matchesBcrypt(password: Uint8Array, hash: string): boolean {
  const isUsable = isBcryptText(password)
  return compareSync(isUsable ? Buffer.from(password).toString('utf8') : '', hash) && isUsable
}

/** Whether bcrypt takes the whole of this password for what it is. */
export function isBcryptText(password: Uint8Array): boolean {
  return password.length <= bcryptOctets && !password.includes(0) && isUtf8(password)
}

function slow(isBcrypt: boolean, matches: PasswordTest): StoredPassword {
  const none = new Uint8Array(0)
  return {
    kind: 'slow',
    isBcrypt,
    matches: (password) => {
      const isUsable = password.length <= longestPassword
      return matches(isUsable ? password : none) && isUsable
    },
  }
}

function unusable(why: string): StoredPassword {
  return { kind: 'unusable', why }
}

function damaged(name: string): StoredPassword {
  return unusable(`the {${name}} password is not in the form of its scheme`)
}

function tooCostly(name: string, most: number): StoredPassword {
  return unusable(`the {${name}} password asks for more than ${most} rounds`)
}
