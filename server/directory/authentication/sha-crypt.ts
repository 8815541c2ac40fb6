import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * A hash of glibc's `$5$` (SHA-256) and `$6$` (SHA-512), as in "Unix crypt using SHA-256 and SHA-512" by Ulrich Drepper. The
 * package unixcrypt (3.0.4) is wrong for passwords that are as long as the digest, or a multiple of it.
 */
export interface ShaCrypt {
  readonly algorithm: 'sha256' | 'sha512'
  readonly rounds: number
  readonly salt: string
  /** In crypt's own base64. */
  readonly hash: string
}

const form = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$\n]{0,16})\$([./0-9A-Za-z]+)$/
const algorithms = { 5: 'sha256', 6: 'sha512' } as const
const hashLetters = { sha256: 43, sha512: 86 } as const
const defaultRounds = 5000
const fewestRounds = 1000

/** undefined for what is none; with fewer rounds than there may be, crypt writes another number than it was given. */
export function readShaCrypt(text: string): ShaCrypt | undefined {
  const [, id, written, salt = '', hash = ''] = form.exec(text) ?? []
  if (id !== '5' && id !== '6') return undefined
  const algorithm = algorithms[id]
  const rounds = written === undefined ? defaultRounds : Number(written)
  return rounds >= fewestRounds && hash.length === hashLetters[algorithm]
    ? { algorithm, rounds, salt, hash }
    : undefined
}

/** Takes time by the number of rounds, and by the square of the length of the password. */
export function matchesShaCrypt(password: Uint8Array, { algorithm, rounds, salt, hash }: ShaCrypt): boolean {
  return timingSafeEqual(Buffer.from(encode(digest(password, Buffer.from(salt), algorithm, rounds))), Buffer.from(hash))
}

/** The steps of the specification, by their numbers there. */
function digest(password: Uint8Array, salt: Uint8Array, algorithm: ShaCrypt['algorithm'], rounds: number): Buffer {
  const hashOf = (...parts: readonly Uint8Array[]) => {
    const hash = createHash(algorithm)
    for (const part of parts) hash.update(part)
    return hash.digest()
  }
  const b = hashOf(password, salt, password) // 4 to 8
  const bits: Uint8Array[] = [] // 11
  for (let length = password.length; length > 0; length >>>= 1) bits.push((length & 1) === 1 ? b : password)
  const a = hashOf(password, salt, stretch(b, password.length), ...bits) // 1 to 3, 9 to 12
  const p = stretch(hashOf(...Array<Uint8Array>(password.length).fill(password)), password.length) // 13 to 16
  const s = stretch(hashOf(...Array<Uint8Array>(16 + (a[0] ?? 0)).fill(salt)), salt.length) // 17 to 20
  let c = a
  for (let round = 0; round < rounds; round += 1) {
    const isOdd = round % 2 === 1
    const hash = createHash(algorithm).update(isOdd ? p : c) // 21
    if (round % 3 !== 0) hash.update(s)
    if (round % 7 !== 0) hash.update(p)
    c = hash.update(isOdd ? c : p).digest()
  }
  return c
}

/** The octets over and over, `length` of them. */
function stretch(octets: Uint8Array, length: number): Buffer {
  return Buffer.alloc(length, octets)
}

const letters = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Step 22: three octets a third of the digest apart become four letters, lowest six bits first. */
function encode(octets: Buffer): string {
  const third = Math.floor(octets.length / 3)
  let text = ''
  const add = (high: number, middle: number, low: number, count: number) => {
    let value = (high << 16) | (middle << 8) | low
    for (let i = 0; i < count; i += 1, value >>>= 6) text += letters[value & 63]
  }
  const at = (index: number) => octets[index] ?? 0
  for (let i = 0; i < third; i += 1) {
    const places = [i, third + i, 2 * third + i]
    // SHA-256 turns the three places to the right from one group to the next, SHA-512 to the left.
    const turn = octets.length === 32 ? (3 - (i % 3)) % 3 : i % 3
    const [high = 0, middle = 0, low = 0] = [...places.slice(turn), ...places.slice(0, turn)]
    add(at(high), at(middle), at(low), 4)
  }
  if (octets.length === 32) add(0, at(31), at(30), 3)
  else add(0, 0, at(63), 2)
  return text
}
