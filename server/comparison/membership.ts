import { type DirectorySide, foldText, type Group, type Person } from './people-and-groups.ts'

/** A member: a person of the directory, or a memberUid that no person of it has. */
export type Member = Person | string

export interface Membership {
  /** Members as groups list them, those of nested groups included. */
  readonly listed: ReadonlyMap<Group, ReadonlySet<Member>>
  /** {@link listed}, and people whose primary group it is: hosts count them as members. */
  readonly effective: ReadonlyMap<Group, ReadonlySet<Member>>
  /** Members listed by DN that are neither a person nor a group. */
  readonly unknownDns: number
  /** People whose memberOf names a group that does not list them. */
  readonly contradicted: readonly Person[]
}

export function membershipOf({ people, groups }: DirectorySide): Membership {
  const personByKey = new Map(people.map((person) => [person.key, person]))
  const personByName = new Map(
    people.flatMap((person) => (person.username === undefined ? [] : [[foldText(person.username), person] as const])),
  )
  const groupByKey = new Map(groups.map((group) => [group.key, group]))
  const peopleByPrimaryGroup = Map.groupBy(people, ({ gidNumber }) => gidNumber)
  const unknown = new Set<string>()

  const listed = new Map(groups.map((group) => [group, flattened(group)]))
  const effective = new Map(
    groups.map((group) => {
      const primary = group.gidNumber === undefined ? [] : (peopleByPrimaryGroup.get(group.gidNumber) ?? [])
      return [group, new Set([...(listed.get(group) ?? []), ...primary])]
    }),
  )
  const contradicted = people.filter((person) =>
    person.memberOf.some((key) => {
      const group = groupByKey.get(key)
      return group !== undefined && !(effective.get(group)?.has(person) ?? false)
    }),
  )
  return { listed, effective, unknownDns: unknown.size, contradicted }

  function flattened(group: Group): ReadonlySet<Member> {
    const members = new Set<Member>()
    const seen = new Set([group])
    // The set grows while it is walked: a group that holds itself is met once.
    for (const { memberKeys, memberUids } of seen) {
      for (const name of memberUids) members.add(personByName.get(foldText(name)) ?? foldText(name))
      for (const key of memberKeys) {
        const [person, nested] = [personByKey.get(key), groupByKey.get(key)]
        if (person !== undefined) members.add(person)
        else if (nested !== undefined) seen.add(nested)
        else unknown.add(key)
      }
    }
    return members
  }
}
