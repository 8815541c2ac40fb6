import { createHash } from 'node:crypto'
import type { Entry } from '../server/directory/entry.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import { type Holds, joinHolds } from './desired-input.ts'
import { type EntryType, textValuesOf } from './file-entries.ts'
import type { PlanAction, PlannedChange } from './sync-plan.ts'

export interface GuardInput {
  readonly changes: readonly PlannedChange[]
  readonly limits: Config['guard']
  /** Entries served now, by provider and type. */
  readonly served: (provider: string, type: EntryType) => number
  /** Entries that have a record of the provider, first or not. */
  readonly sourced: (provider: string) => number
  /** Removals without evidence that runs of the last 24 hours applied, by provider and type. */
  readonly removedLately: (provider: string, type: EntryType) => number
  /** Names of groups that a rule of the provider reads and that became empty. */
  readonly emptiedRuleGroups: (provider: string) => readonly string[]
  /** Groups that something else here depends on, by entryUUID, with what does. */
  readonly usedGroups: ReadonlyMap<string, string>
  readonly isFileProvider: (provider: string) => boolean
  /** Members that go for reasons with evidence are no loss of the group. */
  readonly hasEvidence: (entryUUID: string) => boolean
  /** What was held at the end of the last run: it stays held until approved, whatever the limits say by now. */
  readonly heldBefore: (provider: string) => HeldBefore | undefined
  /** Whether exactly these changes were approved. */
  readonly isApproved: (provider: string, hash: string) => boolean
}

export interface HeldBefore {
  readonly reasons: readonly string[]
  readonly changes: readonly { readonly entryUUID: string; readonly waits: readonly HeldAspect[] }[]
}

/** What of a change waits: the whole of it, a new name, the loss of members, or somebody's arrival. */
export type HeldAspect = 'entry' | 'name' | 'members' | 'arrival'

export type HeldChange = PlannedChange & { readonly waits: readonly HeldAspect[] }

/** Changes of one provider that wait for approval. */
export interface HeldChanges {
  readonly provider: string
  /** Of exactly these changes; any difference gives another hash. */
  readonly hash: string
  /** Why they are held, one sentence each. */
  readonly reasons: readonly string[]
  readonly changes: readonly HeldChange[]
}

export interface GuardResult {
  readonly held: readonly HeldChanges[]
  readonly holds: Holds
}

const guardedTypes: readonly EntryType[] = ['user', 'group', 'entry']

/** A group this large that loses over half its members is held. */
const smallestGuardedGroup = 5

/**
 * Which changes wait for approval ("Accidental-deletion protection"). Evidence, additions and updates are
 * never held; absence and the effects of rules are, when there is too much of it at once. The first run of a provider
 * has nothing to lose, so nothing of it is held.
 */
export function guardChanges(input: GuardInput): GuardResult {
  const held: HeldChanges[] = []
  const holds: Holds[] = []
  const concerned = input.changes.flatMap(({ provider, sourcesLost }) => [provider, ...sourcesLost])
  for (const provider of [...new Set(concerned)].sort()) {
    if (provider === 'rosterd' || provider === '') continue
    const found = guardProvider(input, provider)
    if (found === undefined || input.isApproved(provider, found.held.hash)) continue
    held.push(found.held)
    holds.push(found.holds)
  }
  return { held, holds: joinHolds(holds) }
}

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
  const keptNames = new Map<string, string>()
  const keptOut = new Set<string>()

  for (const type of guardedTypes) holdByCount(type)
  const removalByUuid = new Map(own.filter(isUnprovenRemoval).map((change) => [change.entryUUID, change]))
  for (const change of own) holdIfUsedGroupEmpties(change)
  for (const change of own) holdIfHalfIsLost(change)
  holdIfRuleGroupsAreEmpty()
  holdIfManyLoseTheirSource()
  holdWhatWasHeld()
  if (waiting.size === 0) return undefined
  const changes = input.changes
    .filter((change) => waiting.has(change))
    .map((change) => ({ ...change, waits: waitsOf(change) }))
  return {
    held: { provider, hash: hashOf(changes.map(identifyHeld)), reasons: [...new Set(reasons)], changes },
    holds: { keptEntries, keptMembers, keptNames, keptOut },
  }

  /** Whom the provider itself disables is not held, whatever else would change about the entry. */
  function hold(reason: string, planned: readonly PlannedChange[], into: Set<string>): void {
    const changes = planned.filter((change) => !isProvenRemoval(change))
    if (changes.length === 0) return
    reasons.push(reason)
    for (const change of changes) {
      waiting.add(change)
      into.add(change.entryUUID)
    }
  }

  /** What a kept entry would get: everything of a file's, of others the numbers that are held. */
  function waitingValues({ attributes }: Entry): readonly unknown[] {
    return [...attributes].flatMap(([name, values]) => {
      const counts = isFile
        ? name !== 'modifyTimestamp' && name !== 'createTimestamp'
        : idAttributes.has(name.toLowerCase())
      return counts ? [[name, values.map((value) => (typeof value === 'string' ? value : [...value]))]] : []
    })
  }

  function holdRenames(reason: string, changes: readonly PlannedChange[]): void {
    hold(reason, changes, isFile ? keptEntries : new Set())
    if (!isFile) for (const change of changes) keptNames.set(change.entryUUID, nameAfter(change))
  }

  function holdByCount(type: EntryType): void {
    const changes = own.filter((change) => change.type === type)
    const limit = limitOf(input, input.served(provider, type))
    const going = changes.filter(isUnprovenRemoval)
    const nobodyComes = changes.every(({ action }) => action !== 'add' && action !== 'reactivate')
    const tooMany = tooManyRemovals(input, provider, type, going.length, nobodyComes)
    if (tooMany !== undefined) hold(tooMany, going, keptEntries)
    const renames = changes.filter((change) => change.action === 'rename')
    if (renames.length > limit) holdRenames(`${renames.length} ${plural(type)} would be renamed at once`, renames)
    const renumbered = changes.filter(({ attributes }) =>
      attributes.some((name) => idAttributes.has(name.toLowerCase())),
    )
    if (renumbered.length > limit)
      hold(`${renumbered.length} ${plural(type)} would get other numbers at once`, renumbered, keptEntries)
  }

  function waitsOf({ entryUUID }: PlannedChange): readonly HeldAspect[] {
    return [
      ...(keptEntries.has(entryUUID) ? (['entry'] as const) : []),
      ...(keptNames.has(entryUUID) ? (['name'] as const) : []),
      ...(keptMembers.has(entryUUID) ? (['members'] as const) : []),
      ...(keptOut.has(entryUUID) ? (['arrival'] as const) : []),
    ]
  }

  /** Only what waits counts: the rest of the change is applied, and would make another hash of the same. */
  function identifyHeld(change: HeldChange): string {
    const { entryUUID, after, dn, membersLost, waits } = change
    const lost = membersLost.filter((member) => !input.hasEvidence(member) && !keptEntries.has(member))
    const facts = waits.map((aspect) => {
      switch (aspect) {
        case 'entry':
          return after === undefined || isUnprovenRemoval(change) ? 'goes' : [dn, ...waitingValues(after)]
        case 'name':
          return keptNames.get(entryUUID) ?? ''
        case 'members':
          return [...lost].sort()
        case 'arrival':
          return 'comes'
        default:
          return aspect satisfies never
      }
    })
    return JSON.stringify([entryUUID, waits, facts])
  }

  function holdIfHalfIsLost(change: PlannedChange): void {
    if (change.type !== 'group' || change.after === undefined || keptEntries.has(change.entryUUID)) return
    if (change.membersBefore < smallestGuardedGroup) return
    const lost = unprovenLoss(change)
    if (lost.length * 2 <= change.membersBefore) return
    holdMembers(`${change.dn} would lose ${lost.length} of ${change.membersBefore} members`, change, lost)
  }

  function holdIfUsedGroupEmpties(change: PlannedChange): void {
    const user = input.usedGroups.get(change.entryUUID)
    if (user === undefined || keptEntries.has(change.entryUUID)) return
    const named = `${change.previousDn ?? change.dn}, which ${user} names,`
    // Otherwise another group could take its name, and its place there.
    if (change.action === 'rename') holdRenames(`${named} would be renamed`, [change])
    if (isUnprovenRemoval(change)) hold(`${named} would go`, [change], keptEntries)
    const lost = unprovenLoss(change)
    if (change.after === undefined || lost.length === 0) return
    if (textValuesOf(change.after.attributes, 'member').length === 0)
      holdMembers(`${named} would have no member left`, change, lost)
  }

  function unprovenLoss({ membersLost }: PlannedChange): readonly string[] {
    return membersLost.filter((member) => !input.hasEvidence(member) && !keptEntries.has(member))
  }

  /** A held group keeps its members, so those who would go with it stay too. */
  function holdMembers(reason: string, change: PlannedChange, lost: readonly string[]): void {
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

  /** People whom another provider still holds do not go, but change hands: names, values, and who checks the password. */
  function holdIfManyLoseTheirSource(): void {
    const losing = input.changes.filter(({ sourcesLost }) => sourcesLost.includes(provider))
    const sourced = input.sourced(provider)
    if (losing.length > limitOf(input, sourced))
      hold(`${losing.length} of ${sourced} would lose their record of ${provider}`, losing, keptEntries)
  }

  /** Growth or the passing of a day does not release what waits: only approval does, or its cause going away. */
  function holdWhatWasHeld(): void {
    const before = input.heldBefore(provider)
    if (before === undefined) return
    const waits = new Map(before.changes.map((change) => [change.entryUUID, change.waits]))
    const waited = (aspect: HeldAspect, kept: { has(entryUUID: string): boolean }) =>
      own.filter(({ entryUUID }) => waits.get(entryUUID)?.includes(aspect) && !kept.has(entryUUID))
    const losesMembers = (change: PlannedChange) => change.membersLost.some((member) => !input.hasEvidence(member))
    const going = waited('entry', keptEntries).filter((c) => isUnprovenRemoval(c) || (isFile && c.after !== undefined))
    const renamed = waited('name', keptNames).filter((change) => change.action === 'rename')
    const shrinking = waited('members', keptMembers).filter(losesMembers)
    const waiting = going.length + renamed.length + shrinking.length
    if (waiting === 0) return
    // Reasons hold numbers of their time: those of now say more, where there are any.
    const [reason = ''] = reasons.length > 0 ? reasons : before.reasons
    const earlier = reasons.length > 0 ? [reason] : before.reasons
    for (const each of earlier) {
      hold(each, going, keptEntries)
      holdRenames(each, renamed)
      hold(each, shrinking, keptMembers)
    }
  }
}

function tooManyRemovals(
  input: GuardInput,
  provider: string,
  type: EntryType,
  count: number,
  nobodyComes: boolean,
): string | undefined {
  if (count === 0) return undefined
  const served = input.served(provider, type)
  // Who is shown without being active is not counted: of nobody, nobody goes.
  if (served > 0 && count >= served && nobodyComes) return `all ${served} ${plural(type)} of ${provider} would go`
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

/** Identifies exactly what is held: what happens to whom, not when it was computed. */
function hashOf(facts: readonly string[]): string {
  return createHash('sha256')
    .update([...facts].sort().join('\n'))
    .digest('hex')
}

/** User name or cn that a change would give; empty for one that goes. */
export function nameAfter({ type, after }: Pick<PlannedChange, 'type' | 'after'>): string {
  return (after && textValuesOf(after.attributes, type === 'user' ? 'uid' : 'cn')[0]) ?? ''
}

const idAttributes = new Set(['uidnumber', 'gidnumber'])

const removals: ReadonlySet<PlanAction> = new Set(['remove', 'deactivate'])

/** Going for want of a record, or by a rule: what the guard counts. */
export function isUnprovenRemoval(change: PlannedChange): boolean {
  return removals.has(change.action) && !change.evidence
}

/** Going because the provider itself says so: never held. */
export function isProvenRemoval(change: PlannedChange): boolean {
  return removals.has(change.action) && change.evidence
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
