import type { SourceGroup } from './identity.ts'

/** Who belongs to which group of one provider, nesting included. Cycles and unknown ids do no harm. */
export interface Membership {
  /** Ids of users that belong to the group directly or through nested groups. */
  allUserIds(groupId: string): ReadonlySet<string>
  /** Ids of groups that hold the group directly, sorted. */
  parentIds(groupId: string): readonly string[]
}

/** A group by its direct members; ids are whatever tells users and groups apart. */
type DirectMembers = Pick<SourceGroup, 'id' | 'userIds' | 'groupIds'>

export function resolveMembership(groups: readonly DirectMembers[]): Membership {
  const byId = new Map(groups.map((group) => [group.id, group]))
  const parents = new Map<string, string[]>()
  for (const group of groups)
    for (const child of group.groupIds) {
      if (child === group.id || !byId.has(child)) continue
      const known = parents.get(child)
      if (known === undefined) parents.set(child, [group.id])
      else if (known.at(-1) !== group.id) known.push(group.id)
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
    const group = byId.get(groupId)
    return new Set(group === undefined ? [] : within(group, byId).flatMap(({ userIds }) => userIds))
  }
}

/** The group and every group nested in it. */
export function groupsWithin(group: SourceGroup, groups: readonly SourceGroup[]): readonly SourceGroup[] {
  return within(group, new Map(groups.map((each) => [each.id, each])))
}

function within<T extends DirectMembers>(group: T, byId: ReadonlyMap<string, T>): readonly T[] {
  const found = new Set([group])
  // A set that is walked goes on with what is added meanwhile.
  for (const { groupIds } of found) {
    for (const id of groupIds) {
      const child = byId.get(id)
      if (child !== undefined) found.add(child)
    }
  }
  return [...found]
}

/** The group with or without one user as direct member. */
export function withMember(group: SourceGroup, userId: string, isMember: boolean): SourceGroup {
  const others = group.userIds.filter((id) => id !== userId)
  return { ...group, userIds: isMember ? [...others, userId].sort() : others }
}
