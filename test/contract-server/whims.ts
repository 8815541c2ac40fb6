/** Choices that a contract leaves to the service, all made from one seed: the same seed makes the same ones again. */
export interface Whims {
  /** True in `share` of all cases. */
  chance(share: number): boolean
  /** Both ends included. */
  between(lowest: number, highest: number): number
  pick<T>(from: readonly [T, ...T[]]): T
  shuffled<T>(items: readonly T[]): T[]
  /** Letters, digits and what else may stand in an opaque token. */
  token(length: number): string
  guid(): string
}

const tokenLetters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_~.!*'

export function whimsOf(seed: number): Whims {
  let state = seed >>> 0
  /** Mulberry32: 0 up to 1. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
  const between = (lowest: number, highest: number) => lowest + Math.floor(next() * (highest - lowest + 1))
  return {
    chance: (share) => next() < share,
    between,
    pick: (from) => from[between(0, from.length - 1)] ?? from[0],
    shuffled(items) {
      const result = [...items]
      for (let i = result.length - 1; i > 0; i--) {
        const j = between(0, i)
        const [a, b] = [result[i], result[j]] as [(typeof items)[number], (typeof items)[number]]
        result[i] = b
        result[j] = a
      }
      return result
    },
    guid: () => '########-####-4###-8###-############'.replaceAll('#', () => between(0, 15).toString(16)),
    token: (length) => Array.from({ length }, () => tokenLetters.charAt(between(0, tokenLetters.length - 1))).join(''),
  }
}
