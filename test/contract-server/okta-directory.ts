import type { Truth } from './truth.ts'
import type { Whims } from './whims.ts'

export type Values = Record<string, unknown>

/** How a user was from a moment on; undefined: not there. */
interface Version {
  readonly from: number
  readonly record: Values | undefined
}

export interface OktaGroup {
  readonly id: string
  record: Values
  readonly members: Set<string>
}

export interface OktaEvent {
  readonly uuid: string
  readonly published: number
  readonly eventType: string
  readonly userId: string
}

/** What becomes of the memberships of people who are deactivated. */
export type FateOfMemberships = 'stay' | 'hidden' | 'lost'

const activeStatuses = ['ACTIVE', 'PROVISIONED', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT']

/** People and groups of an org; people also as they were, for an index that lags behind. */
export class OktaDirectory {
  readonly #whims: Whims
  readonly #now: () => Date
  readonly #fate: FateOfMemberships
  readonly #hasMilliseconds: boolean
  readonly #versions = new Map<string, Version[]>()
  readonly groups = new Map<string, OktaGroup>()
  readonly events: OktaEvent[] = []

  constructor(whims: Whims, now: () => Date, fate: FateOfMemberships, hasMilliseconds: boolean) {
    this.#whims = whims
    this.#now = now
    this.#fate = fate
    this.#hasMilliseconds = hasMilliseconds
  }

  /** Everybody who was there at that time. */
  users(at = this.#now().getTime()): Values[] {
    return [...this.#versions.keys()].flatMap((id) => {
      const user = this.user(id, at)
      return user === undefined ? [] : [user]
    })
  }

  user(id: string, at = this.#now().getTime()): Values | undefined {
    return this.#versions.get(id)?.findLast(({ from }) => from <= at)?.record
  }

  findUser(name: string): Values | undefined {
    return this.users().find(({ id, profile }) => id === name || (profile as Values).login === name)
  }

  addUser(profile: Values, status = 'ACTIVE'): string {
    const id = this.#newId('00u')
    const created = this.#time()
    this.#write(id, { id, status, created, statusChanged: created, lastUpdated: created, profile })
    return id
  }

  change(id: string, profile: Values): void {
    const user = this.#there(id)
    this.#write(id, { ...user, profile: { ...(user.profile as Values), ...profile }, lastUpdated: this.#time() })
  }

  setStatus(id: string, status: string): void {
    const time = this.#time()
    this.#write(id, { ...this.#there(id), status, statusChanged: time, lastUpdated: time })
    if (status !== 'DEPROVISIONED' || this.#fate !== 'lost') return
    for (const { members } of this.groups.values()) members.delete(id)
  }

  /** Only who is deactivated can be deleted. */
  deleteUser(id: string): void {
    this.setStatus(id, 'DEPROVISIONED')
    this.#write(id, undefined)
    for (const { members } of this.groups.values()) members.delete(id)
    const published = this.#now().getTime()
    this.events.push({ uuid: this.#whims.guid(), published, eventType: 'user.lifecycle.delete.initiated', userId: id })
  }

  addGroup(profile: Values, type = 'OKTA_GROUP'): string {
    const id = this.#newId('00g')
    const created = this.#time()
    const record = { id, type, created, lastUpdated: created, lastMembershipUpdated: this.#membershipTime(), profile }
    this.groups.set(id, { id, record, members: new Set() })
    return id
  }

  changeGroup(id: string, profile: Values): void {
    const group = this.#group(id)
    group.record = {
      ...group.record,
      profile: { ...(group.record.profile as Values), ...profile },
      lastUpdated: this.#time(),
    }
  }

  deleteGroup(id: string): void {
    this.groups.delete(id)
  }

  setMember(groupId: string, userId: string, isThere: boolean): void {
    const group = this.#group(groupId)
    if (isThere) group.members.add(userId)
    else group.members.delete(userId)
    group.record = { ...group.record, lastMembershipUpdated: this.#membershipTime() }
  }

  /** As the service lists them. */
  membersOf({ members, record }: OktaGroup): Values[] {
    const isEverybody = record.type === 'BUILT_IN'
    return this.users().filter(
      ({ id, status }) =>
        (isEverybody || members.has(id as string)) && (status !== 'DEPROVISIONED' || this.#fate === 'stay'),
    )
  }

  get truth(): Truth {
    const text = (value: unknown) => (typeof value === 'string' ? value : null)
    return {
      people: this.users().map(({ id, status, profile }) => {
        const { login, displayName, email, title } = profile as Values
        return {
          id: String(id),
          login: String(login),
          isActive: activeStatuses.includes(String(status)),
          displayName: text(displayName),
          mail: text(email),
          title: text(title),
        }
      }),
      groups: [...this.groups.values()]
        .filter(({ record }) => record.type !== 'BUILT_IN')
        .map((group) => {
          const { name, description } = group.record.profile as Values
          const people = [...group.members].filter((id) => this.user(id) !== undefined)
          return { id: group.id, name: String(name), description: text(description), people, groups: [] }
        }),
    }
  }

  #there(id: string): Values {
    const user = this.user(id)
    if (user === undefined) throw new Error(`there is no user ${id}`)
    return user
  }

  #group(id: string): OktaGroup {
    const group = this.groups.get(id)
    if (group === undefined) throw new Error(`there is no group ${id}`)
    return group
  }

  #write(id: string, record: Values | undefined): void {
    const versions = this.#versions.get(id) ?? []
    versions.push({ from: this.#now().getTime(), record })
    this.#versions.set(id, versions)
  }

  #newId(prefix: string): string {
    return `${prefix}${this.#whims.guid().replaceAll('-', '').slice(0, 17)}`
  }

  #time(): string {
    return this.#now().toISOString()
  }

  #membershipTime(): string {
    const time = this.#time()
    return this.#hasMilliseconds ? time : time.replace(/\.\d+Z$/, 'Z')
  }
}
