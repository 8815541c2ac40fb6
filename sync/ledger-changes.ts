import type { Candidate, ProviderMirror } from './candidates.ts'
import type { Holds } from './desired-input.ts'
import { type Drafts, primaryGroupKey } from './drafts.ts'
import { holderOf, type IdentityKind, type IdentityRecord, type Ledgers, type Linked } from './ledgers.ts'
import { freeNames, type NameRecord } from './name-claims.ts'

export interface LedgerChanges {
  /** By identity key. */
  readonly identities: ReadonlyMap<string, IdentityRecord>
  /** By folded name. */
  readonly names: Readonly<Record<IdentityKind, ReadonlyMap<string, NameRecord>>>
  /** Identity key by number. */
  readonly numbers: ReadonlyMap<number, string>
}

/** New identities with their numbers, links, who is gone since when or back, and names given and freed. */
export function ledgerChanges(
  input: {
    readonly providers: readonly ProviderMirror[]
    readonly ledgers: Ledgers
    readonly holds: Holds
    readonly now: Date
  },
  candidates: readonly Candidate[],
  { drafts, primaryGroup, nameChanges }: Drafts,
  linkMarks: ReadonlyMap<string, Linked | null>,
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
  const namesOf = (kind: IdentityKind) =>
    new Map([
      ...freeNames({ records: ledgers.names[kind] }, (holder) => peopleThere.has(holder), now),
      ...nameChanges[kind],
    ])
  return { identities, names: { user: namesOf('user'), group: namesOf('group') }, numbers }

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
