import type { Entry } from '../server/directory/entry.ts'
import { createBreather } from './breather.ts'
import type { Desired } from './desired.ts'
import type { CurrentDirectory } from './desired-input.ts'
import { differingAttributes } from './entry-equality.ts'
import { type EntryType, entryType, textValuesOf } from './file-entries.ts'

/**
 * What happens to one entry. `deactivate` and `reactivate` are the going and coming of people and groups the provider
 * still holds; `remove` is absence. What the directory does with it (put or delete) follows from `after`.
 */
export type PlanAction = 'add' | 'update' | 'rename' | 'deactivate' | 'reactivate' | 'remove'

export interface PlannedChange {
  readonly action: PlanAction
  readonly entryUUID: string
  /** Provider id; `rosterd` for the server's own entries. */
  readonly provider: string
  readonly type: EntryType
  /** DN after the change; before it for one that goes. */
  readonly dn: string
  /** DN before a rename. */
  readonly previousDn: string | undefined
  readonly reason: string
  /** The provider itself says so of this record: not held by the guard. */
  readonly evidence: boolean
  /** Attributes that differ. */
  readonly attributes: readonly string[]
  /** entryUUIDs of members that a group loses, and how many it has now. */
  readonly membersLost: readonly string[]
  readonly membersBefore: number
  /** Providers whose record of the person or group is gone while another one's remains. */
  readonly sourcesLost: readonly string[]
  readonly after: Entry | undefined
}

/** Attributes that differ whenever anything does. */
const companions = ['modifyTimestamp']

/** The difference between the directory and what it should be, in a stable order: by DN. */
export async function planSync(
  current: CurrentDirectory,
  desired: Desired,
  isKnown: (entryUUID: string) => boolean,
): Promise<readonly PlannedChange[]> {
  const breathe = createBreather()
  const changes: PlannedChange[] = []
  const desiredUuidByDn = new Map([...desired.entries.values()].map((entry) => [entry.dn, entry.entryUUID]))
  for (const after of desired.entries.values()) {
    const before = current.entryByUuid(after.entryUUID)
    const change = before === undefined ? addition(after) : alteration(before, after)
    if (change !== undefined) changes.push(change)
    await breathe()
  }
  for (const before of current.entries()) {
    if (!desired.entries.has(before.entryUUID) && !isLocal(before)) changes.push(departure(before))
  }
  return changes.sort((a, b) => (a.dn < b.dn ? -1 : a.dn > b.dn ? 1 : a.entryUUID < b.entryUUID ? -1 : 1))

  function addition(after: Entry): PlannedChange {
    const returns = isKnown(after.entryUUID)
    return {
      ...facts(after),
      action: returns ? 'reactivate' : 'add',
      reason: returns ? 'served again' : 'new',
      evidence: false,
      attributes: [],
      after,
    }
  }

  function alteration(before: Entry, after: Entry): PlannedChange | undefined {
    if (before === after) return undefined
    const attributes = differingAttributes(before.attributes, after.attributes, companions)
    if (attributes.length === 0 && before.dn === after.dn) return undefined
    const decision = desired.refusals.get(after.entryUUID)
    const goesInactive = isActive(before) && !isActive(after)
    const comesBack = !isActive(before) && isActive(after)
    const action = goesInactive ? 'deactivate' : comesBack ? 'reactivate' : before.dn === after.dn ? 'update' : 'rename'
    return {
      ...facts(after),
      action,
      previousDn: before.dn === after.dn ? undefined : before.dn,
      reason: goesInactive && decision !== undefined ? decision.reason : `changed: ${attributes.join(', ')}`,
      evidence: goesInactive ? (decision?.evidence ?? false) : true,
      attributes,
      ...lostMembers(before, after),
      sourcesLost: providersOf(before).filter((provider) => !providersOf(after).includes(provider)),
      after,
    }
  }

  function departure(before: Entry): PlannedChange {
    const decision = desired.refusals.get(before.entryUUID)
    const common = facts(before)
    return {
      ...common,
      action: decision === undefined ? 'remove' : 'deactivate',
      reason: decision === undefined ? `no longer in ${common.provider}` : decision.reason,
      evidence: decision?.evidence ?? false,
      attributes: [],
      after: undefined,
    }
  }

  function lostMembers(before: Entry, after: Entry): Pick<PlannedChange, 'membersLost' | 'membersBefore'> {
    const had = membersOf(before)
    // DNs of desired entries differ from today's when they are renamed.
    const has = new Set(membersOf(after).map((dn) => desiredUuidByDn.get(dn)))
    const lost = had.flatMap((dn) => {
      const uuid = current.entryByDn(dn)?.entryUUID
      return uuid === undefined || has.has(uuid) ? [] : [uuid]
    })
    return { membersLost: lost, membersBefore: had.length }
  }
}

/** Which provider an entry comes from: its first source. */
export function providerOf(entry: Entry): string {
  return providersOf(entry)[0] ?? ''
}

function providersOf(entry: Entry): readonly string[] {
  return textValuesOf(entry.attributes, 'rosterdSource').map((source) =>
    source.slice(0, Math.max(0, source.indexOf(':'))),
  )
}

/** Kept in the store by itself, such as a sudo rule: no provider brought it, so none can take it away. */
function isLocal(entry: Entry): boolean {
  return !entry.attributes.has('rosterdSource')
}

function facts(entry: Entry) {
  return {
    entryUUID: entry.entryUUID,
    provider: providerOf(entry),
    type: entryType(entry),
    dn: entry.dn,
    previousDn: undefined,
    membersLost: [],
    membersBefore: 0,
    sourcesLost: [],
  }
}

function membersOf(entry: Entry): readonly string[] {
  return textValuesOf(entry.attributes, 'member')
}

/** Without ACCOUNTDISABLE (2) in userAccountControl. */
export function isActive(entry: Entry): boolean {
  const [control] = textValuesOf(entry.attributes, 'userAccountControl')
  return control === undefined || (Number(control) & 2) === 0
}

export interface ChangeCounts {
  readonly added: number
  readonly updated: number
  readonly renamed: number
  readonly deactivated: number
  readonly reactivated: number
  readonly removed: number
}

export function countChanges(changes: readonly PlannedChange[], type: EntryType): ChangeCounts {
  const count = (action: PlanAction) =>
    changes.filter((change) => change.type === type && change.action === action).length
  return {
    added: count('add'),
    updated: count('update'),
    renamed: count('rename'),
    deactivated: count('deactivate'),
    reactivated: count('reactivate'),
    removed: count('remove'),
  }
}
