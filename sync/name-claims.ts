import type { DesiredInput } from './desired-input.ts'
import { foldName, withSuffix } from './reserved-names.ts'

/** Somebody who should have a name. */
export interface NameClaim {
  /** Identity key of the person or group. */
  readonly holder: string
  /** The name it would have if it were free. */
  readonly wanted: string
  /** ISO 8601; earlier comes first. */
  readonly created: string | null
  /** Immutable id, the last tie-break. */
  readonly id: string
  /** A rename that is held: the name stays as served now, and the one it would get is kept free for it. */
  readonly held?: { readonly name: string; readonly promised: string } | undefined
}

/** One name of the ledger; the key is the folded name. */
export type NameRecord = {
  readonly holder: string
  /** Folded form of the wanted name it was given for; while that stays, so does the name. */
  readonly base: string
  /** 0 for the wanted name itself, else the number behind the `-`. */
  readonly suffix: number
  /** ISO 8601 when the holder gave it up; null while it is held. */
  readonly freed: string | null
}

export interface NameLedger {
  /** By folded name. */
  readonly records: ReadonlyMap<string, NameRecord>
}

/** ISO 8601: names freed before then may go to somebody else. */
export function reusableBefore({ config, now }: Pick<DesiredInput, 'config' | 'now'>): string {
  return new Date(now.getTime() - config.naming.reuseAfterDays * 86_400_000).toISOString()
}

export interface NameRules {
  readonly reserved: ReadonlySet<string>
  /** Folded names that nobody here can have, with what has them. */
  readonly taken: ReadonlyMap<string, string>
  readonly onClash: 'suffix' | 'hold'
  readonly maxLength: number
  /** A name freed before this ISO time may go to somebody else. */
  readonly reusableBefore: string
  readonly now: string
}

export type NameGrant =
  | { readonly type: 'granted'; readonly name: string; readonly note: string | undefined }
  | { readonly type: 'held'; readonly reason: string }

export interface NameGrants {
  /** By holder. */
  readonly grants: ReadonlyMap<string, NameGrant>
  /** Ledger records to write, by folded name. */
  readonly changes: ReadonlyMap<string, NameRecord>
}

/**
 * Gives every claim a name, all at once, so that the order of listing plays no part and two people may swap names:
 * who has a name for the same wish keeps it; then those known before, then newcomers, each by creation time and id.
 * Names that are reserved, held, or freed too recently are not given to others; the later claim gets `-2`, `-3`, ….
 * A name given up by a rename of this very plan may go to another known holder, never to a newcomer.
 */
export function grantNames(claims: readonly NameClaim[], ledger: NameLedger, rules: NameRules): NameGrants {
  const heldBy = holdersNames(ledger)
  const grants = new Map<string, NameGrant>()
  const changes = new Map<string, NameRecord>()
  const given = new Map<string, string>()
  const known: NameClaim[] = []
  const newcomers: NameClaim[] = []

  for (const claim of [...claims].sort(byAge)) {
    const held = heldBy.get(claim.holder)
    if (held === undefined) newcomers.push(claim)
    else if (claim.held !== undefined && held.record.freed === null) {
      given.set(held.name, claim.holder)
      given.set(foldName(claim.held.promised), claim.holder)
      grants.set(claim.holder, { type: 'granted', name: claim.held.name, note: 'the rename waits for approval' })
    } else if (held.record.base === foldName(claim.wanted) && !blocked(held.name, held.record.suffix))
      grant(claim, held.record.suffix, held.name)
    else known.push(claim)
  }
  const freedNow = new Set<string>()
  for (const claim of known) {
    const held = heldBy.get(claim.holder)
    if (held === undefined || held.record.freed !== null) continue
    freedNow.add(held.name)
    changes.set(held.name, { ...held.record, freed: rules.now })
  }
  settle(known, (name, holder) => freedNow.has(name) || isFree(name, holder))
  settle(newcomers, (name, holder) => !freedNow.has(name) && isFree(name, holder))
  return { grants, changes }

  /** Everybody's own wish first, then suffixes for those who lost. */
  function settle(group: readonly NameClaim[], available: (name: string, holder: string) => boolean): void {
    const losers: NameClaim[] = []
    for (const claim of group) {
      const name = foldName(claim.wanted)
      if (!blocked(name, 0) && !given.has(name) && available(name, claim.holder)) grant(claim, 0, name)
      else losers.push(claim)
    }
    for (const claim of losers) {
      if (rules.onClash === 'hold') {
        grants.set(claim.holder, { type: 'held', reason: whyNot(claim) })
        continue
      }
      for (let suffix = 2; ; suffix++) {
        const name = foldName(withSuffix(claim.wanted, suffix, rules.maxLength))
        if (blocked(name, suffix) || given.has(name) || !available(name, claim.holder)) continue
        grant(claim, suffix, name)
        break
      }
    }
  }

  function grant(claim: NameClaim, suffix: number, folded: string): void {
    given.set(folded, claim.holder)
    const note = suffix === 0 ? undefined : whyNot(claim)
    grants.set(claim.holder, { type: 'granted', name: withSuffix(claim.wanted, suffix, rules.maxLength), note })
    const record: NameRecord = { holder: claim.holder, base: foldName(claim.wanted), suffix, freed: null }
    const before = ledger.records.get(folded)
    if (before !== undefined && sameRecord(before, record)) changes.delete(folded)
    else changes.set(folded, record)
  }

  /** Reserved and taken names go to nobody; a suffixed name is never a reserved word by accident. */
  function blocked(name: string, suffix: number): boolean {
    return rules.taken.has(name) || (suffix === 0 && rules.reserved.has(name))
  }

  function isFree(name: string, holder: string): boolean {
    const record = ledger.records.get(name)
    if (record === undefined || record.holder === holder) return true
    return record.freed !== null && record.freed < rules.reusableBefore
  }

  function whyNot(claim: NameClaim): string {
    const name = foldName(claim.wanted)
    if (rules.reserved.has(name)) return `the name "${claim.wanted}" is reserved`
    const taker = rules.taken.get(name)
    if (taker !== undefined) return `the name "${claim.wanted}" belongs to ${taker}`
    const record = ledger.records.get(name)
    if (!given.has(name) && record !== undefined && record.freed !== null)
      return `the name "${claim.wanted}" was freed only on ${record.freed.slice(0, 10)}`
    return `the name "${claim.wanted}" belongs to somebody else`
  }
}

/** Code-unit order: the same on every machine. */
function byAge(a: NameClaim, b: NameClaim): number {
  return compare(a.created ?? '9999', b.created ?? '9999') || compare(a.id, b.id) || compare(a.holder, b.holder)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function sameRecord(a: NameRecord, b: NameRecord): boolean {
  return a.holder === b.holder && a.base === b.base && a.suffix === b.suffix && a.freed === b.freed
}

/** The name each holder holds. Names freed by a holder that has taken another since are not its name any more. */
function holdersNames(ledger: NameLedger): ReadonlyMap<string, { readonly name: string; readonly record: NameRecord }> {
  const names = new Map<string, { name: string; record: NameRecord }>()
  for (const [name, record] of ledger.records) {
    const other = names.get(record.holder)
    if (other === undefined || isLater(record, other.record)) names.set(record.holder, { name, record })
  }
  return names
}

/** A held name beats a freed one; of two freed ones the later. */
function isLater(a: NameRecord, b: NameRecord): boolean {
  if (a.freed === null) return true
  return b.freed !== null && a.freed > b.freed
}

/** Frees the names of holders that are gone: `isHeld` says who still has a claim. */
export function freeNames(
  ledger: NameLedger,
  isHeld: (holder: string) => boolean,
  now: string,
): ReadonlyMap<string, NameRecord> {
  const changes = new Map<string, NameRecord>()
  for (const [name, record] of ledger.records)
    if (record.freed === null && !isHeld(record.holder)) changes.set(name, { ...record, freed: now })
  return changes
}
