import { createHash } from 'node:crypto'

/** A number somebody needs (uidNumber or gidNumber: one space). */
export interface NumberClaim {
  /** Identity key of the person or group. */
  readonly holder: string
  /** A number the source gives; taken when it is in `acceptRange` and free. */
  readonly wanted: number | undefined
}

export interface NumberRules {
  /** Both ends included. */
  readonly idRange: readonly [number, number]
  readonly acceptRange: readonly [number, number]
}

/** uid_t values that mean "nobody" or "no change" in 16 bits. */
const neverAccepted = new Set([65_533, 65_534, 65_535])

/**
 * Numbers for identities that have none yet. `owned` says which numbers are taken, now or ever: the ledger is
 * authoritative, numbers are never reused. The rule depends on the identity alone (a hash, then the next free number),
 * claims are served in sorted order, so a rebuilt store gives the same numbers.
 */
export function assignNumbers(
  claims: readonly NumberClaim[],
  owned: (number: number) => boolean,
  rules: NumberRules,
): ReadonlyMap<string, number> {
  const assigned = new Map<string, number>()
  const taken = new Set<number>()
  const isFree = (number: number) => !taken.has(number) && !owned(number)
  const sorted = [...claims].sort((a, b) => (a.holder < b.holder ? -1 : a.holder > b.holder ? 1 : 0))
  for (const claim of sorted) {
    if (claim.wanted === undefined || !isAcceptable(claim.wanted, rules) || !isFree(claim.wanted)) continue
    assigned.set(claim.holder, claim.wanted)
    taken.add(claim.wanted)
  }
  for (const { holder } of sorted) {
    if (assigned.has(holder)) continue
    const number = firstFree(holder, isFree, rules.idRange)
    assigned.set(holder, number)
    taken.add(number)
  }
  return assigned
}

/** Whether a number of a source or a file may be given to anybody. */
export function isAcceptable(number: number, rules: NumberRules): boolean {
  const [first, last] = rules.acceptRange
  return Number.isSafeInteger(number) && number >= first && number <= last && !neverAccepted.has(number)
}

function firstFree(holder: string, isFree: (number: number) => boolean, range: readonly [number, number]): number {
  const [first, last] = range
  const size = last - first + 1
  const start = createHash('sha256').update(holder).digest().readUIntBE(0, 6) % size
  for (let probe = 0; probe < size; probe++) {
    const number = first + ((start + probe) % size)
    if (isFree(number)) return number
  }
  throw new Error(`posix.idRange: all ${size} numbers from ${first} to ${last} are taken; make the range larger`)
}

/** Why somebody does not have the number that the source gives; undefined when they have it. */
export function unusedNumber(
  wanted: number | undefined,
  given: number,
  isKnown: boolean,
  rules: NumberRules,
): string | undefined {
  if (wanted === undefined || wanted === given) return undefined
  if (isKnown)
    return `the number ${wanted} of the record is not used: ${given} was given before, and numbers never change`
  if (!isAcceptable(wanted, rules)) return `the number ${wanted} of the record is not in posix.acceptRange`
  return `the number ${wanted} of the record belongs to somebody else`
}

/** Key of the `number` collection: sorts by value. */
export function numberKey(number: number): string {
  return String(number).padStart(10, '0')
}
