import { EventLog, groupParty, type OktaEventType, userParty } from './event-log.ts'
import type { OktaCredentials, OktaGroup, OktaStatus, OktaUser, OktaUserProfile } from './objects.ts'

export type NewOktaUser = Pick<OktaUser, 'id' | 'profile'> & Partial<Omit<OktaUser, 'id' | 'profile'>>
export type NewOktaGroup = Pick<OktaGroup, 'id' | 'profile'> & Partial<Omit<OktaGroup, 'id' | 'profile'>>

/** The truth of the Okta org. Changes set `lastUpdated` and `lastMembershipUpdated` by the clock, and are logged. */
export class OktaDirectory {
  readonly users = new Map<string, OktaUser>()
  readonly groups = new Map<string, OktaGroup>()
  readonly log: EventLog
  readonly #credentials = new Map<string, OktaCredentials>()
  readonly #members = new Map<string, Set<string>>()
  readonly #now: () => Date

  constructor(now: () => Date) {
    this.#now = now
    this.log = new EventLog(now)
  }

  addUser(user: NewOktaUser, credentials: Partial<Pick<OktaCredentials, 'password' | 'signIn'>> = {}): OktaUser {
    const now = this.#timestamp()
    const complete: OktaUser = {
      status: 'ACTIVE',
      created: now,
      activated: user.status === 'STAGED' ? null : now,
      statusChanged: now,
      lastLogin: null,
      lastUpdated: now,
      passwordChanged: credentials.password === undefined ? null : now,
      provider: { type: 'OKTA', name: 'OKTA' },
      ...user,
    }
    this.users.set(user.id, complete)
    this.#credentials.set(user.id, { password: undefined, signIn: 'allowed', wrongAttempts: 0, ...credentials })
    this.log.record('user.lifecycle.create', userParty(complete))
    for (const group of this.groups.values()) if (isEveryone(group)) this.addMember(group.id, user.id)
    return complete
  }

  /** Sets the given profile attributes; `undefined` takes one away. */
  updateProfile(id: string, change: Partial<OktaUserProfile>): void {
    const user = this.user(id)
    const merged = Object.fromEntries(
      Object.entries({ ...user.profile, ...change }).filter(([, value]) => value !== undefined),
    )
    const profile = { ...merged, login: change.login ?? user.profile.login, email: change.email ?? user.profile.email }
    this.users.set(id, { ...user, profile, lastUpdated: this.#timestamp() })
    this.#logUser('user.account.update_profile', id)
  }

  setStatus(id: string, status: OktaStatus): void {
    const now = this.#timestamp()
    const user = this.user(id)
    const activated = status === 'STAGED' ? null : (user.activated ?? now)
    this.users.set(id, { ...user, status, activated, statusChanged: now, lastUpdated: now })
    const eventType = eventOfStatus(user.status, status)
    if (eventType !== undefined) this.#logUser(eventType, id)
  }

  setPassword(id: string, password: string | undefined): void {
    const now = this.#timestamp()
    this.credentials(id).password = password
    this.users.set(id, { ...this.user(id), passwordChanged: now, lastUpdated: now })
    this.#logUser('user.account.update_password', id)
  }

  /** Only a DEPROVISIONED user can be deleted, as in the product (contract §2.2). */
  removeUser(id: string): void {
    const user = this.user(id)
    if (user.status !== 'DEPROVISIONED') throw new Error(`${id} must be DEPROVISIONED before it is deleted`)
    this.#logUser('user.lifecycle.delete.initiated', id)
    for (const [groupId, members] of this.#members) if (members.has(id)) this.removeMember(groupId, id)
    this.users.delete(id)
    this.log.record('user.lifecycle.delete.completed', userParty(user))
  }

  addGroup(group: NewOktaGroup, members: readonly string[] = []): OktaGroup {
    const now = this.#timestamp()
    const complete: OktaGroup = {
      type: 'OKTA_GROUP',
      created: now,
      lastUpdated: now,
      lastMembershipUpdated: now,
      ...group,
    }
    this.groups.set(group.id, complete)
    this.#members.set(group.id, new Set(members))
    this.log.record('group.lifecycle.create', groupParty(complete))
    return complete
  }

  updateGroup(id: string, profile: Partial<OktaGroup['profile']>): void {
    const group = this.group(id)
    const { name, description } = group.profile
    const merged = {
      ...group.profile,
      ...profile,
      name: profile.name ?? name,
      description: profile.description ?? description,
    }
    this.groups.set(id, { ...group, profile: merged, lastUpdated: this.#timestamp() })
    this.log.record('group.profile.update', groupParty(this.group(id)))
  }

  removeGroup(id: string): void {
    const group = this.group(id)
    this.groups.delete(id)
    this.#members.delete(id)
    this.log.record('group.lifecycle.delete', groupParty(group))
  }

  addMember(groupId: string, userId: string): void {
    this.user(userId)
    this.#members.get(groupId)?.add(userId)
    this.#membershipChanged(groupId, userId, 'group.user_membership.add')
  }

  removeMember(groupId: string, userId: string): void {
    this.#members.get(groupId)?.delete(userId)
    this.#membershipChanged(groupId, userId, 'group.user_membership.remove')
  }

  members(groupId: string): ReadonlySet<string> {
    return this.#members.get(groupId) ?? new Set()
  }

  user(id: string): OktaUser {
    const user = this.users.get(id)
    if (user === undefined) throw new Error(`no user ${id}`)
    return user
  }

  group(id: string): OktaGroup {
    const group = this.groups.get(id)
    if (group === undefined) throw new Error(`no group ${id}`)
    return group
  }

  /** By id, login, or the part of the login before `@` when only one user has it. */
  findUser(name: string): OktaUser | undefined {
    const wanted = name.toLowerCase()
    const users = [...this.users.values()]
    const exact = this.users.get(name) ?? users.find((user) => user.profile.login.toLowerCase() === wanted)
    if (exact !== undefined) return exact
    const short = users.filter((user) => user.profile.login.toLowerCase().split('@')[0] === wanted)
    return short.length === 1 ? short[0] : undefined
  }

  /** Password and sign-in outcome of a user, to read or to change in place. */
  credentials(userId: string): OktaCredentials {
    const credentials = this.#credentials.get(userId)
    if (credentials === undefined) throw new Error(`no user ${userId}`)
    return credentials
  }

  #membershipChanged(groupId: string, userId: string, eventType: OktaEventType): void {
    const group = { ...this.group(groupId), lastMembershipUpdated: this.#timestamp() }
    this.groups.set(groupId, group)
    this.log.record(eventType, userParty(this.user(userId)), groupParty(group))
  }

  #logUser(eventType: OktaEventType, id: string): void {
    this.log.record(eventType, userParty(this.user(id)))
  }

  #timestamp(): string {
    return this.#now().toISOString()
  }
}

function isEveryone(group: OktaGroup): boolean {
  return group.type === 'BUILT_IN' && group.profile.name === 'Everyone'
}

function eventOfStatus(from: OktaStatus, to: OktaStatus): OktaEventType | undefined {
  switch (to) {
    case 'DEPROVISIONED':
      return 'user.lifecycle.deactivate'
    case 'SUSPENDED':
      return 'user.lifecycle.suspend'
    case 'LOCKED_OUT':
      return 'user.account.lock'
    case 'ACTIVE':
    case 'PROVISIONED':
      if (from === 'SUSPENDED') return 'user.lifecycle.unsuspend'
      return from === 'LOCKED_OUT' ? 'user.account.unlock' : 'user.lifecycle.activate'
    default:
      return undefined
  }
}
