/** What a service holds, in the words of neither vendor. */
export interface TruePerson {
  readonly id: string
  /** What the user name is made of. */
  readonly login: string
  readonly isActive: boolean
  readonly displayName: string | null
  readonly mail: string | null
  readonly title: string | null
}

export interface TrueGroup {
  readonly id: string
  readonly name: string
  readonly description: string | null
  /** Ids of direct members that are people and there. */
  readonly people: readonly string[]
  /** Ids of direct members that are groups and there. */
  readonly groups: readonly string[]
}

export interface Truth {
  readonly people: readonly TruePerson[]
  readonly groups: readonly TrueGroup[]
}
