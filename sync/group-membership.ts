import type { SourceGroup } from './identity.ts'

/** Who belongs to which group of one provider, nesting included. Cycles and unknown ids do no harm. */
export interface Membership {
  /** Ids of users that belong to the group directly or through nested groups. */
  allUserIds(groupId: string): ReadonlySet<string>
  /** Ids of groups that hold the group directly, sorted. */
  parentIds(groupId: string): readonly string[]
}

export function resolveMembership(groups: readonly SourceGroup[]): Membership {
  const byId = new Map(groups.map((group) => [group.id, group]))
  const parents = new Map<string, string[]>()
  for (const group of groups)
    for (const child of group.groupIds) {
      if (child === group.id || !byId.has(child)) continue
      const known = parents.get(child)
      if (known === undefined) parents.set(child, [group.id])
      else if (!known.includes(group.id)) known.push(group.id)
    }
  for (const ids of parents.values()) ids.sort()
  const closures = new Map<string, ReadonlySet<string>>()

  return {
    allUserIds(groupId) {
      const cached = closures.get(groupId)
      if (cached !== undefined) return cached
      const closure = collect(groupId)
      closures.set(groupId, closure)
      return closure
    },
    parentIds: (groupId) => parents.get(groupId) ?? [],
  }

  function collect(groupId: string): ReadonlySet<string> {
    const users = new Set<string>()
    const visited = new Set<string>([groupId])
    const open = [groupId]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const group = byId.get(id)
      if (group === undefined) continue
      for (const user of group.userIds) users.add(user)
      for (const child of group.groupIds) {
        if (visited.has(child)) continue
        visited.add(child)
        open.push(child)
      }
    }
    return users
  }
}
