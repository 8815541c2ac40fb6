import { createHash } from 'node:crypto'

/** A repeatable stream of numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The version 4 shaped GUID that belongs to `name`, the same in every run. */
export function guidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** A 20 character Okta id with the given three letter prefix (`00u`, `00g`, `0oa`), the same in every run. */
export function oktaIdOf(prefix: string, name: string): string {
  const text = createHash('sha256')
    .update(name)
    .digest('base64')
    .replaceAll(/[^A-Za-z0-9]/g, '')
  return prefix + text.slice(0, 20 - prefix.length)
}

/** An instant between 2019 and 2025 drawn from `random`. */
export function instantOf(random: () => number): Date {
  const first = Date.UTC(2019, 0, 7)
  return new Date(first + Math.floor(random() * (Date.UTC(2025, 5, 1) - first)))
}
