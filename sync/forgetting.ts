import { createHash } from 'node:crypto'
import type { LedgerChanges } from './ledger-changes.ts'
import { identityKey, identityRecordKey, type IdentityRecord, type Ledgers, type MatchWord } from './ledgers.ts'
import type { NameRecord } from './name-claims.ts'

/*
 * Of somebody who has been gone for 30 days only the ids are kept: the immutable id becomes its hash, by which it is
 * found when it comes back, and a name goes as soon as others may have it.
 */

const forgottenAfterMs = 30 * 86_400_000
const hashPrefix = 'sha256-'

/** Tenants of the ledger that are no tenants of people. */
const ownTenants = new Set(['rosterd', 'retired', 'reserved'])

/** The key as the ledger has it: its hash where the id was forgotten. */
export function ledgerKey(key: string, { identities }: Pick<Ledgers, 'identities'>): string {
  if (identities.has(key)) return key
  const hashed = hashedKey(key)
  return identities.has(hashed) ? hashed : key
}

function hashedKey(key: string): string {
  return identityKey(identityRecordKey(key)[0], hashPrefix + createHash('sha256').update(key).digest('hex'))
}

/** Whether only the hash of the immutable id is left in the key. */
export function isForgotten(key: string): boolean {
  return identityRecordKey(key)[1].startsWith(hashPrefix)
}

/** Whether what was gone since then (ISO 8601) is to be forgotten. */
export function isLongGone(since: string, now: Date): boolean {
  return since <= new Date(now.getTime() - forgottenAfterMs).toISOString()
}

/** New key by old one, of forgotten ids that are there again. */
export function returnedKeys(present: Iterable<string>, ledgers: Ledgers): ReadonlyMap<string, string> {
  const renames = new Map<string, string>()
  if (![...ledgers.identities.keys()].some(isForgotten)) return renames
  for (const key of present) {
    const known = ledgerKey(key, ledgers)
    if (known !== key) renames.set(known, key)
  }
  return renames
}

/** New key by old one, of ids that are to be forgotten: gone for long, and not back just now. */
export function forgottenKeys(
  { identities }: Ledgers,
  isThere: (key: string) => boolean,
  now: Date,
): ReadonlyMap<string, string> {
  const renames = new Map<string, string>()
  for (const [key, { goneSince }] of identities) {
    if (goneSince === null || !isLongGone(goneSince, now) || isForgotten(key) || isThere(key)) continue
    if (!ownTenants.has(identityRecordKey(key)[0])) renames.set(key, hashedKey(key))
  }
  return renames
}

/** The ledgers with some keys renamed, and what of them changes by it. */
export function renameKeys(ledgers: Ledgers, renames: ReadonlyMap<string, string>): LedgerChanges {
  const identities = new Map<string, IdentityRecord | undefined>()
  const words = new Map<string, MatchWord | undefined>()
  for (const [from, to] of renames) {
    identities.set(from, undefined).set(to, ledgers.identities.get(from))
    const word = ledgers.words.get(from)
    if (word !== undefined) words.set(from, undefined).set(to, word)
  }
  const numbers = new Map<number, string>()
  for (const [number, holder] of renames.size > 0 ? ledgers.numbers : []) {
    const to = renames.get(holder)
    if (to !== undefined) numbers.set(number, to)
  }
  const namesOf = (kind: 'user' | 'group') => {
    const names = new Map<string, NameRecord | undefined>()
    for (const [name, record] of renames.size > 0 ? ledgers.names[kind] : []) {
      const holder = renames.get(record.holder)
      if (holder !== undefined) names.set(name, { ...record, holder })
    }
    return names
  }
  return { identities, names: { user: namesOf('user'), group: namesOf('group') }, numbers, words }
}

/** Names of forgotten holders that others may have by now. */
export function forgottenNames(
  records: ReadonlyMap<string, NameRecord>,
  reusableBefore: string,
): ReadonlyMap<string, undefined> {
  const names = new Map<string, undefined>()
  for (const [name, { holder, freed }] of records)
    if (freed !== null && freed < reusableBefore && isForgotten(holder)) names.set(name, undefined)
  return names
}

/** The ledgers after the changes. */
export function changedLedgers(ledgers: Ledgers, changes: LedgerChanges): Ledgers {
  return {
    identities: changed(ledgers.identities, changes.identities),
    names: {
      user: changed(ledgers.names.user, changes.names.user),
      group: changed(ledgers.names.group, changes.names.group),
    },
    numbers: changed(ledgers.numbers, changes.numbers),
    words: changed(ledgers.words, changes.words),
  }
}

function changed<K, V>(records: ReadonlyMap<K, V>, changes: ReadonlyMap<K, V | undefined>): ReadonlyMap<K, V> {
  if (changes.size === 0) return records
  const result = new Map(records)
  for (const [key, value] of changes) {
    if (value === undefined) result.delete(key)
    else result.set(key, value)
  }
  return result
}
