type RemovalReason = 'changed' | 'deleted'

/** One change of the tenant's truth, in the order in which it happened. */
export type Change =
  | {
      readonly type: 'written'
      readonly kind: 'user' | 'group'
      readonly id: string
      readonly properties: readonly string[]
    }
  | { readonly type: 'removed'; readonly kind: 'user' | 'group'; readonly id: string; readonly reason: RemovalReason }
  | { readonly type: 'member'; readonly groupId: string; readonly memberId: string }

/** Everything that happened to one object in a stretch of the log. */
export interface ObjectChanges {
  readonly properties: Set<string>
  readonly members: Set<string>
  removed: RemovalReason | undefined
}

/** Positions are counts of changes: a delta token remembers one (contract §4). */
export class ChangeLog {
  readonly #changes: Change[] = []
  /** Hears of every change. */
  onChange: (change: Change) => void = () => undefined

  get position(): number {
    return this.#changes.length
  }

  record(change: Change): void {
    this.#changes.push(change)
    this.onChange(change)
  }

  /** Changed objects of `kind` after position `since`, the ones changed first coming first. */
  since(since: number, kind: 'user' | 'group'): Map<string, ObjectChanges> {
    const objects = new Map<string, ObjectChanges>()
    const of = (id: string): ObjectChanges => {
      const known = objects.get(id) ?? { properties: new Set(), members: new Set(), removed: undefined }
      objects.set(id, known)
      return known
    }
    for (const change of this.#changes.slice(Math.max(0, since))) {
      if (change.type === 'member') {
        if (kind === 'group') of(change.groupId).members.add(change.memberId)
      } else if (change.kind === kind) {
        const object = of(change.id)
        if (change.type === 'removed') object.removed = change.reason
        else for (const property of change.properties) object.properties.add(property)
        if (change.type === 'written') object.removed = undefined
      }
    }
    return objects
  }
}
