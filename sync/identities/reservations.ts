import type { Candidate } from '../candidates.ts'
import { type IdentityKind, identityRecordKey, type Ledgers } from '../ledgers.ts'
import { foldAddress } from '../mail-domains.ts'
import { foldName } from '../reserved-names.ts'

/*
 * A number kept for somebody who has no ids yet is held in the number ledger by a key that says for whom:
 * `reserved/<kind>/<by>/<tenant>/<value>`. Nobody else gets it; whoever it is meant for takes it with the first entry.
 */

/** By what somebody is known: the immutable id, or a field of the record. */
export type ReservedBy = 'source' | MatchField
export type MatchField = 'username' | 'mail' | 'employeeId'

const prefix = 'reserved/'

export function reservationKey(kind: IdentityKind, by: ReservedBy, tenant: string, value: string): string {
  return `${prefix}${kind}/${by}/${tenant}/${foldMatch(by, value)}`
}

/** Identity key of the record that a number is reserved for; undefined where it is reserved by a field. */
export function sourceOfReservation(key: string): string | undefined {
  return /^reserved\/(?:user|group)\/source\/(.+)$/s.exec(key)?.[1]
}

/** The form in which values of a field are compared. */
export function foldMatch(by: ReservedBy, value: string): string {
  switch (by) {
    case 'mail':
      return foldAddress(value)
    case 'username':
      return foldName(value)
    case 'employeeId':
    case 'source':
      return value.trim()
    default:
      return by satisfies never
  }
}

/** Numbers kept for newcomers, by identity key. A number that several of them answer to goes to none. */
export function reservedNumbers(
  newcomers: readonly { readonly candidate: Candidate; readonly name: string }[],
  ledgers: Ledgers,
): ReadonlyMap<string, number> {
  const byKey = new Map([...ledgers.numbers].filter(([, key]) => key.startsWith(prefix)).map(([n, key]) => [key, n]))
  if (byKey.size === 0) return new Map()
  const takers = new Map<number, string[]>()
  const given = new Map<string, number>()
  for (const { candidate, name } of newcomers) {
    const number = keysOf(candidate, name).flatMap((key) => byKey.get(key) ?? [])[0]
    if (number === undefined) continue
    given.set(candidate.key, number)
    takers.set(number, [...(takers.get(number) ?? []), candidate.key])
  }
  for (const keys of takers.values()) if (keys.length > 1) for (const key of keys) given.delete(key)
  return given
}

function keysOf(candidate: Candidate, name: string): readonly string[] {
  return candidate.sourceKeys.flatMap((source) => {
    const [tenant, id] = identityRecordKey(source)
    const values: readonly (readonly [ReservedBy, string | null])[] = [
      ['source', id],
      ['username', name],
      ['mail', candidate.kind === 'user' ? candidate.user.mail : null],
      ['employeeId', candidate.kind === 'user' ? candidate.user.employeeNumber : null],
    ]
    return values.flatMap(([by, value]) => (value === null ? [] : [reservationKey(candidate.kind, by, tenant, value)]))
  })
}
