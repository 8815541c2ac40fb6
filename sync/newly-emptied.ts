import type { ProviderMirror } from './candidates.ts'
import type { Snapshot } from './identity.ts'
import { emptyRuleGroups } from './settlement.ts'

/** Ids of groups that a rule reads, that had members in the last mirror, and have none now. */
export function newlyEmptied(fresh: ProviderMirror, before: Snapshot | undefined): readonly string[] {
  if (fresh.snapshot?.kind !== 'identities' || before?.kind !== 'identities') return []
  const had = new Set(before.groups.map((group) => group.id))
  const wasEmpty = new Set(emptyIn(fresh, before))
  return emptyRuleGroups(fresh).filter((group) => had.has(group) && !wasEmpty.has(group))
}

function emptyIn(fresh: ProviderMirror, before: Snapshot): readonly string[] {
  const was = before.kind === 'identities' ? before.groups : []
  const now = fresh.snapshot?.kind === 'identities' ? fresh.snapshot.groups : []
  const missing = now.filter((group) => !was.some((old) => old.id === group.id))
  // Rules must find their groups, also in the older mirror: groups that are new count as empty before.
  const groups = [...was, ...missing.map((group) => ({ ...group, userIds: [], groupIds: [] }))]
  const names = new Map(now.map((group) => [group.id, group.name]))
  const renamed = groups.filter((g) => names.has(g.id)).map((g) => ({ ...g, name: names.get(g.id) ?? g.name }))
  return emptyRuleGroups({ ...fresh, snapshot: { kind: 'identities', users: [], domains: [], groups: renamed } })
}
