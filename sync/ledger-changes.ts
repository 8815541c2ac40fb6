import type { Candidate } from './candidates.ts'
import type { DesiredInput } from './desired-input.ts'
import { type Drafts, primaryGroupKey } from './drafts.ts'
import { forgottenKeys, forgottenNames, renameKeys } from './forgetting.ts'
import { holderOf, type IdentityKind, type IdentityRecord, type Linked, type MatchWord } from './ledgers.ts'
import { freeNames, type NameRecord, reusableBefore } from './name-claims.ts'

export interface LedgerChanges {
  /** By identity key; undefined removes the record. */
  readonly identities: ReadonlyMap<string, IdentityRecord | undefined>
  /** By folded name. */
  readonly names: Readonly<Record<IdentityKind, ReadonlyMap<string, NameRecord | undefined>>>
  /** Identity key by number. */
  readonly numbers: ReadonlyMap<number, string>
  readonly words: ReadonlyMap<string, MatchWord | undefined>
}

/**
 * New identities with their numbers, links, who is gone since when or back, names given and freed, and who is forgotten.
 * `returned` are the keys that `input.ledgers` has under their plain ids and the store still under hashes.
 */
export function ledgerChanges(
  input: Pick<DesiredInput, 'config' | 'providers' | 'ledgers' | 'holds' | 'now'>,
  candidates: readonly Candidate[],
  { drafts, primaryGroup, nameChanges }: Drafts,
  linkMarks: ReadonlyMap<string, Linked | null>,
  returned: LedgerChanges,
): LedgerChanges {
  const { ledgers, holds } = input
  const now = input.now.toISOString()
  const present = new Set([primaryGroupKey, ...candidates.flatMap((candidate) => candidate.sourceKeys)])
  const blindTenants = new Set(input.providers.filter((p) => p.snapshot === undefined).map((p) => p.tenant))
  const identities = new Map<string, IdentityRecord>()
  const numbers = new Map<number, string>()

  for (const { candidate, entryUUID, number } of drafts) {
    if (!ledgers.identities.has(candidate.key)) numbers.set(number, candidate.key)
    for (const key of candidate.sourceKeys) remember(key, entryUUID, candidate.kind, number)
  }
  if (!ledgers.identities.has(primaryGroupKey)) numbers.set(primaryGroup.number, primaryGroupKey)
  remember(primaryGroupKey, primaryGroup.entryUUID, 'group', primaryGroup.number)
  for (const [key, linked] of linkMarks) remark(key, linked)
  for (const [key, record] of ledgers.identities) {
    const goneSince = isThere(key) ? null : (record.goneSince ?? now)
    if (goneSince !== record.goneSince) identities.set(key, { ...(identities.get(key) ?? record), goneSince })
  }
  const peopleThere = new Set([
    ...candidates.map((candidate) => candidate.key),
    ...[...ledgers.identities.keys()].filter(isThere).map((key) => holderOf(key, ledgers)),
  ])
  const forgotten = forgottenKeys(ledgers, isThere, input.now)
  const renamed = renameKeys(ledgers, forgotten)
  const reusable = reusableBefore(input)
  const namesOf = (kind: IdentityKind) => {
    const given = [
      ...freeNames({ records: ledgers.names[kind] }, (holder) => peopleThere.has(holder), now),
      ...nameChanges[kind],
    ]
    return new Map<string, NameRecord | undefined>([
      ...returned.names[kind],
      ...renamed.names[kind],
      ...forgottenNames(ledgers.names[kind], reusable),
      ...given.map(([name, record]) => [name, { ...record, holder: keyOf(record.holder) }] as const),
    ])
  }
  return {
    identities: new Map([...returned.identities, ...identities, ...renamed.identities]),
    names: { user: namesOf('user'), group: namesOf('group') },
    numbers: new Map([...returned.numbers, ...numbers, ...renamed.numbers]),
    words: new Map([...returned.words, ...renamed.words]),
  }

  function keyOf(holder: string): string {
    return forgotten.get(holder) ?? holder
  }

  function remember(key: string, entryUUID: string, kind: IdentityKind, number: number): void {
    if (ledgers.identities.has(key)) return
    identities.set(key, { entryUUID, kind, number, firstSeen: now, goneSince: null })
  }

  /** Somebody who got no entry has no identity to link to yet. */
  function remark(key: string, linked: Linked | null): void {
    const known = identities.get(key) ?? ledgers.identities.get(key)
    if (known === undefined) return
    const { linked: _, ...record } = known
    identities.set(key, linked === null ? record : { ...record, linked })
  }

  /** Nobody is gone while nothing is known of the tenant, or while the guard holds the removal. */
  function isThere(key: string): boolean {
    if (present.has(key) || blindTenants.has(key.slice(0, key.indexOf('/')))) return true
    const record = ledgers.identities.get(key)
    return record !== undefined && holds.keptEntries.has(record.entryUUID)
  }
}
