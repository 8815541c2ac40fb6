import type { Truth } from './truth.ts'

export type Values = Record<string, unknown>
export type MemberType = 'user' | 'group' | 'device' | 'servicePrincipal' | 'orgContact'

export interface Item {
  readonly id: string
  values: Values
  /** Why it is gone; undefined while it is there. */
  gone: 'changed' | 'deleted' | undefined
  /** Groups only: id to type. */
  readonly members: Map<string, MemberType>
}

export type Kind = 'users' | 'groups'

/** One thing that happened, for change tracking. */
export interface Happening {
  readonly kind: Kind
  readonly id: string
  /** Properties that lost their value. */
  readonly cleared?: readonly string[]
  /** What it was like. */
  readonly before?: Values
  /** Why it went. */
  readonly went?: 'changed' | 'deleted'
  readonly member?: { readonly id: string; readonly type: MemberType; readonly isThere: boolean }
}

/** People and groups of a tenant, and what happened to them. */
export class EntraDirectory {
  readonly items: Record<Kind, Map<string, Item>> = { users: new Map(), groups: new Map() }
  readonly happened: Happening[] = []
  readonly #guid: () => string
  readonly #tellsMembersOfDeleted: boolean

  constructor(guid: () => string, tellsMembersOfDeleted: boolean) {
    this.#guid = guid
    this.#tellsMembersOfDeleted = tellsMembersOfDeleted
  }

  addPerson(values: Values): string {
    const id = this.#guid()
    this.items.users.set(id, {
      id,
      values: { accountEnabled: true, userType: 'Member', ...values },
      gone: undefined,
      members: new Map(),
    })
    this.happened.push({ kind: 'users', id })
    return id
  }

  addGroup(values: Values): string {
    const id = this.#guid()
    this.items.groups.set(id, { id, values: { groupTypes: [], ...values }, gone: undefined, members: new Map() })
    this.happened.push({ kind: 'groups', id })
    return id
  }

  /** Nothing but an id: devices are read through groups alone. */
  addDevice(): string {
    return this.#guid()
  }

  /** Undefined and null values are cleared. */
  change(kind: Kind, id: string, values: Values): void {
    const item = this.item(kind, id)
    const before = item.values
    item.values = { ...before, ...values }
    const cleared = Object.keys(values).filter((name) => (values[name] ?? null) === null)
    this.happened.push({ kind, id, cleared, before })
  }

  remove(kind: Kind, id: string, reason: 'changed' | 'deleted'): void {
    const item = this.item(kind, id)
    item.gone = reason
    this.happened.push({ kind, id, before: item.values, went: reason })
    if (kind === 'users') this.#tellMemberships(id, false)
  }

  restore(id: string): void {
    this.item('users', id).gone = undefined
    this.happened.push({ kind: 'users', id })
    this.#tellMemberships(id, true)
  }

  #tellMemberships(id: string, isThere: boolean): void {
    if (!this.#tellsMembersOfDeleted) return
    for (const group of this.items.groups.values()) {
      const type = group.members.get(id)
      if (type !== undefined) this.happened.push({ kind: 'groups', id: group.id, member: { id, type, isThere } })
    }
  }

  setMember(groupId: string, id: string, type: MemberType, isThere: boolean): void {
    const { members } = this.item('groups', groupId)
    if (members.has(id) === isThere) return
    if (isThere) members.set(id, type)
    else members.delete(id)
    this.happened.push({ kind: 'groups', id: groupId, member: { id, type, isThere } })
  }

  get truth(): Truth {
    const there = (kind: Kind) => [...this.items[kind].values()].filter(({ gone }) => gone === undefined)
    const text = (value: unknown) => (typeof value === 'string' ? value : null)
    const of = (group: Item, kind: Kind) =>
      [...group.members.keys()].filter((id) => this.items[kind].get(id)?.gone === undefined && this.items[kind].has(id))
    return {
      people: there('users').map(({ id, values }) => ({
        id,
        login: String(values.userPrincipalName),
        isActive: values.accountEnabled === true,
        displayName: text(values.displayName),
        mail: text(values.mail),
        title: text(values.jobTitle),
      })),
      groups: there('groups').map((group) => ({
        id: group.id,
        name: String(group.values.displayName),
        description: text(group.values.description),
        people: of(group, 'users'),
        groups: of(group, 'groups'),
      })),
    }
  }

  item(kind: Kind, id: string): Item {
    const item = this.items[kind].get(id)
    if (item === undefined) throw new Error(`there is no ${id} among ${kind}`)
    return item
  }
}
