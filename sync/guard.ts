import { createHash } from 'node:crypto'
import type { Config } from '../server/runtime/config-schema.ts'
import type { Holds } from './desired-input.ts'
import type { EntryType } from './file-entries.ts'
import type { PlannedChange } from './sync-plan.ts'

export interface GuardInput {
  readonly changes: readonly PlannedChange[]
  readonly limits: Config['guard']
  /** Entries served now, by provider and type. */
  readonly served: (provider: string, type: EntryType) => number
  /** Removals without evidence that runs of the last 24 hours applied, by provider and type. */
  readonly removedLately: (provider: string, type: EntryType) => number
  /** Names of groups that a rule of the provider reads and that became empty. */
  readonly emptiedRuleGroups: (provider: string) => readonly string[]
  readonly isFileProvider: (provider: string) => boolean
  /** Members that go for reasons with evidence are no loss of the group. */
  readonly hasEvidence: (entryUUID: string) => boolean
  /** Whether exactly these changes were approved. */
  readonly isApproved: (provider: string, hash: string) => boolean
}

/** Changes of one provider that wait for approval. */
export interface HeldChanges {
  readonly provider: string
  /** Of exactly these changes; any difference gives another hash. */
  readonly hash: string
  /** Why they are held, one sentence each. */
  readonly reasons: readonly string[]
  readonly changes: readonly PlannedChange[]
}

export interface GuardResult {
  readonly held: readonly HeldChanges[]
  readonly holds: Holds
}

const guardedTypes: readonly EntryType[] = ['user', 'group', 'entry']

/** A group this large that loses over half its members is held. */
const smallestGuardedGroup = 5

/**
 * Which changes wait for approval (DESIGN §5, "Accidental-deletion protection"). Evidence, additions and updates are
 * never held; absence and the effects of rules are, when there is too much of it at once. The first run of a provider
 * has nothing to lose, so nothing of it is held.
 */
export function guardChanges(input: GuardInput): GuardResult {
  const held: HeldChanges[] = []
  const holds = { keptEntries: [], keptMembers: [], keptNames: [], keptOut: [] } as Record<keyof Holds, string[]>
  for (const provider of [...new Set(input.changes.map((change) => change.provider))].sort()) {
    if (provider === 'rosterd' || provider === '') continue
    const found = guardProvider(input, provider)
    if (found === undefined || input.isApproved(provider, found.held.hash)) continue
    held.push(found.held)
    for (const name of holdNames) holds[name].push(...found.holds[name])
  }
  return {
    held,
    holds: {
      keptEntries: new Set(holds.keptEntries),
      keptMembers: new Set(holds.keptMembers),
      keptNames: new Set(holds.keptNames),
      keptOut: new Set(holds.keptOut),
    },
  }
}

const holdNames = ['keptEntries', 'keptMembers', 'keptNames', 'keptOut'] as const

function guardProvider(
  input: GuardInput,
  provider: string,
): { readonly held: HeldChanges; readonly holds: Holds } | undefined {
  const own = input.changes.filter((change) => change.provider === provider)
  const isFile = input.isFileProvider(provider)
  const reasons: string[] = []
  const waiting = new Set<PlannedChange>()
  const keptEntries = new Set<string>()
  const keptMembers = new Set<string>()
  const keptNames = new Set<string>()
  const keptOut = new Set<string>()

  for (const type of guardedTypes) holdByCount(type)
  const removalByUuid = new Map(own.filter(isUnprovenRemoval).map((change) => [change.entryUUID, change]))
  for (const change of own) holdIfHalfIsLost(change)
  holdIfRuleGroupsAreEmpty()
  if (waiting.size === 0) return undefined
  const changes = own.filter((change) => waiting.has(change))
  return {
    held: { provider, hash: hashChanges(changes), reasons: [...new Set(reasons)], changes },
    holds: { keptEntries, keptMembers, keptNames, keptOut },
  }

  function hold(reason: string, changes: readonly PlannedChange[], into: Set<string>): void {
    if (changes.length === 0) return
    reasons.push(reason)
    for (const change of changes) {
      waiting.add(change)
      into.add(change.entryUUID)
    }
  }

  function holdByCount(type: EntryType): void {
    const changes = own.filter((change) => change.type === type)
    const limit = limitOf(input, input.served(provider, type))
    const removals = changes.filter(isUnprovenRemoval)
    const tooMany = tooManyRemovals(input, provider, type, removals.length)
    if (tooMany !== undefined) hold(tooMany, removals, keptEntries)
    const renames = changes.filter((change) => change.action === 'rename')
    if (renames.length > limit)
      hold(`${renames.length} ${plural(type)} would be renamed at once`, renames, isFile ? keptEntries : keptNames)
    const renumbered = changes.filter(({ attributes }) =>
      attributes.some((name) => idAttributes.has(name.toLowerCase())),
    )
    if (renumbered.length > limit)
      hold(`${renumbered.length} ${plural(type)} would get other numbers at once`, renumbered, keptEntries)
  }

  /** A held group keeps its members, so those who would go with it stay too. */
  function holdIfHalfIsLost(change: PlannedChange): void {
    if (change.type !== 'group' || change.after === undefined || waiting.has(change)) return
    if (change.membersBefore < smallestGuardedGroup) return
    const lost = change.membersLost.filter((member) => !input.hasEvidence(member) && !keptEntries.has(member))
    if (lost.length * 2 <= change.membersBefore) return
    const reason = `${change.dn} would lose ${lost.length} of ${change.membersBefore} members`
    hold(reason, [change], isFile ? keptEntries : keptMembers)
    hold(
      reason,
      lost.flatMap((member) => removalByUuid.get(member) ?? []),
      keptEntries,
    )
  }

  function holdIfRuleGroupsAreEmpty(): void {
    const emptied = input.emptiedRuleGroups(provider)
    if (emptied.length === 0) return
    const users = own.filter((change) => change.type === 'user')
    const reason = `${emptied.map((name) => `"${name}"`).join(', ')}, which a rule reads, became empty`
    hold(reason, users.filter(isUnprovenRemoval), keptEntries)
    hold(
      reason,
      users.filter(({ action }) => action === 'add' || action === 'reactivate'),
      keptOut,
    )
  }
}

function tooManyRemovals(input: GuardInput, provider: string, type: EntryType, count: number): string | undefined {
  if (count === 0) return undefined
  const served = input.served(provider, type)
  if (count >= served) return `all ${served} ${plural(type)} of ${provider} would go`
  const lately = input.removedLately(provider, type)
  const limit = limitOf(input, served + lately)
  if (count + lately <= limit) return undefined
  const before = lately === 0 ? '' : `, after ${lately} in the last 24 hours`
  return `${count} of ${served} ${plural(type)} of ${provider} would go${before}; ${limit} go without asking`
}

/** The smaller of share and count, but never below the minimum. */
function limitOf(input: GuardInput, served: number): number {
  const { maxRemovedShare, maxRemovedCount, minRemoved } = input.limits
  return Math.max(minRemoved, Math.min(Math.floor(served * maxRemovedShare), maxRemovedCount))
}

const idAttributes = new Set(['uidnumber', 'gidnumber'])

/** Going for want of a record, or by a rule: what the guard counts. */
export function isUnprovenRemoval(change: PlannedChange): boolean {
  return (change.action === 'remove' || change.action === 'deactivate') && !change.evidence
}

/** Identifies exactly these changes: what happens to whom, not when it was computed. */
export function hashChanges(changes: readonly PlannedChange[]): string {
  const lines = changes.map(({ action, entryUUID, dn, previousDn, membersLost }) =>
    JSON.stringify([action, entryUUID, dn, previousDn ?? null, [...membersLost].sort()]),
  )
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex')
}

function plural(type: EntryType): string {
  switch (type) {
    case 'user':
      return 'users'
    case 'group':
      return 'groups'
    case 'entry':
      return 'entries'
    default:
      return type satisfies never
  }
}
