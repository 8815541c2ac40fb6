import { ChangeLog } from './change-log.ts'
import {
  type EntraCredentials,
  type EntraDomain,
  type EntraGroup,
  type EntraOther,
  type EntraUser,
  blankGroup,
  blankUser,
  groupProperties,
  type MemberType,
  userProperties,
} from './objects.ts'

/** The truth of the Entra tenant. Every change goes through here and is recorded for delta queries. */
export class EntraDirectory {
  readonly users = new Map<string, Readonly<EntraUser>>()
  readonly groups = new Map<string, Readonly<EntraGroup>>()
  readonly others = new Map<string, EntraOther>()
  readonly domains: EntraDomain[] = []
  /** Ids of the people who may consent to administrator permissions. */
  readonly administrators = new Set<string>()
  /** Soft-deleted users; they can be restored. */
  readonly deletedUsers = new Map<string, Readonly<EntraUser>>()
  readonly log = new ChangeLog()
  readonly #credentials = new Map<string, EntraCredentials>()
  readonly #members = new Map<string, Set<string>>()
  readonly #everyGroupId = new Set<string>()

  addUser(
    user: Partial<EntraUser> & { id: string; userPrincipalName: string },
    credentials: Partial<Pick<EntraCredentials, 'password' | 'signIn'>> = {},
  ): Readonly<EntraUser> {
    const complete = { ...blankUser(user.id, user.userPrincipalName), ...user }
    this.users.set(user.id, complete)
    this.#credentials.set(user.id, {
      password: undefined,
      signIn: 'allowed',
      wrongAttempts: 0,
      lockedUntil: 0,
      ...credentials,
    })
    this.log.record({ type: 'written', kind: 'user', id: user.id, properties: userProperties })
    return complete
  }

  updateUser(id: string, change: Partial<Omit<EntraUser, 'id'>>): void {
    this.users.set(id, { ...this.user(id), ...change })
    this.log.record({ type: 'written', kind: 'user', id, properties: Object.keys(change) })
  }

  /** `changed` puts the user into the recycle bin, `deleted` is for good. Memberships end either way. */
  removeUser(id: string, reason: 'changed' | 'deleted' = 'changed'): void {
    const user = this.users.get(id) ?? this.deletedUsers.get(id)
    if (user === undefined) throw new Error(`no user ${id}`)
    for (const [groupId, members] of this.#members) if (members.has(id)) this.removeMember(groupId, id)
    this.users.delete(id)
    if (reason === 'changed') this.deletedUsers.set(id, user)
    else this.deletedUsers.delete(id)
    this.log.record({ type: 'removed', kind: 'user', id, reason })
  }

  /** Brings a user back from the recycle bin; memberships stay lost. */
  restoreUser(id: string): void {
    const user = this.deletedUsers.get(id)
    if (user === undefined) throw new Error(`no deleted user ${id}`)
    this.deletedUsers.delete(id)
    this.users.set(id, user)
    this.log.record({ type: 'written', kind: 'user', id, properties: userProperties })
  }

  addGroup(group: Partial<EntraGroup> & { id: string; displayName: string }, members: readonly string[] = []): void {
    this.groups.set(group.id, { ...blankGroup(group.id, group.displayName), ...group })
    this.#members.set(group.id, new Set())
    this.#everyGroupId.add(group.id)
    this.log.record({ type: 'written', kind: 'group', id: group.id, properties: groupProperties })
    for (const member of members) this.addMember(group.id, member)
  }

  updateGroup(id: string, change: Partial<Omit<EntraGroup, 'id'>>): void {
    this.groups.set(id, { ...this.group(id), ...change })
    this.log.record({ type: 'written', kind: 'group', id, properties: Object.keys(change) })
  }

  removeGroup(id: string, reason: 'changed' | 'deleted' = 'deleted'): void {
    this.group(id)
    for (const [groupId, members] of this.#members) if (members.has(id)) this.removeMember(groupId, id)
    this.groups.delete(id)
    this.#members.delete(id)
    this.log.record({ type: 'removed', kind: 'group', id, reason })
  }

  /** Adds a device, service principal or contact that can be a member. */
  addOther(other: EntraOther): void {
    this.others.set(other.id, other)
  }

  addMember(groupId: string, memberId: string): void {
    this.group(groupId)
    this.#members.get(groupId)?.add(memberId)
    this.log.record({ type: 'member', groupId, memberId })
  }

  removeMember(groupId: string, memberId: string): void {
    this.#members.get(groupId)?.delete(memberId)
    this.log.record({ type: 'member', groupId, memberId })
  }

  user(id: string): Readonly<EntraUser> {
    const user = this.users.get(id)
    if (user === undefined) throw new Error(`no user ${id}`)
    return user
  }

  group(id: string): Readonly<EntraGroup> {
    const group = this.groups.get(id)
    if (group === undefined) throw new Error(`no group ${id}`)
    return group
  }

  /** The live user with this id or UPN (any case). */
  findUser(idOrName: string): Readonly<EntraUser> | undefined {
    const name = idOrName.toLowerCase()
    return (
      this.users.get(idOrName) ?? [...this.users.values()].find((user) => user.userPrincipalName.toLowerCase() === name)
    )
  }

  /** Password and sign-in outcome of a user, to read or to change in place. */
  credentials(userId: string): EntraCredentials {
    const credentials = this.#credentials.get(userId)
    if (credentials === undefined) throw new Error(`no user ${userId}`)
    return credentials
  }

  /** Ids of the direct members. */
  members(groupId: string): ReadonlySet<string> {
    return this.#members.get(groupId) ?? new Set()
  }

  /** Ids of all direct and nested members; a group inside a cycle does not contain itself. */
  transitiveMembers(groupId: string): Set<string> {
    const found = new Set<string>()
    const open = [groupId]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const member of this.members(id)) {
        if (found.has(member) || member === groupId) continue
        found.add(member)
        if (this.groups.has(member)) open.push(member)
      }
    }
    return found
  }

  /** Ids of the groups that contain the object, directly or also through other groups. */
  groupsOf(memberId: string, transitive: boolean): string[] {
    const contains = (groupId: string) =>
      transitive ? this.transitiveMembers(groupId).has(memberId) : this.members(groupId).has(memberId)
    return [...this.groups.keys()].filter(contains)
  }

  /** The type of a live or removed object; unknown ids count as users. */
  typeOf(id: string): MemberType {
    if (this.#everyGroupId.has(id)) return 'group'
    return this.others.get(id)?.type ?? 'user'
  }
}
