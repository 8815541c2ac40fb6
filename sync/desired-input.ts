import type { Entry } from '../server/directory/entry.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { ProviderMirror } from './candidates.ts'
import type { EnrollmentRecord } from './enrollment/enrollment-record.ts'
import type { Ledgers } from './ledgers.ts'

/** The directory as it is now; answers come from memory. */
export interface CurrentDirectory {
  entryByUuid(entryUUID: string): Entry | undefined
  entryByDn(dn: string): Entry | undefined
  entries(): Iterable<Entry>
}

/** What the guard holds back; everything else is computed around it. */
export interface Holds {
  /** entryUUIDs of entries that stay although they should go or change; only their references follow. */
  readonly keptEntries: ReadonlySet<string>
  /** entryUUIDs of groups that lose no member that still exists. */
  readonly keptMembers: ReadonlySet<string>
  /** entryUUIDs of people and groups that keep their name, with the name they would get. */
  readonly keptNames: ReadonlyMap<string, string>
  /** entryUUIDs that are not added. */
  readonly keptOut: ReadonlySet<string>
}

export const noHolds: Holds = {
  keptEntries: new Set(),
  keptMembers: new Set(),
  keptNames: new Map(),
  keptOut: new Set(),
}

/** Everything that any of them holds. */
export function joinHolds(holds: readonly Holds[]): Holds {
  return {
    keptEntries: new Set(holds.flatMap((hold) => [...hold.keptEntries])),
    keptMembers: new Set(holds.flatMap((hold) => [...hold.keptMembers])),
    keptNames: new Map(holds.flatMap((hold) => [...hold.keptNames])),
    keptOut: new Set(holds.flatMap((hold) => [...hold.keptOut])),
  }
}

export interface DesiredInput {
  readonly config: Config
  readonly providers: readonly ProviderMirror[]
  readonly ledgers: Ledgers
  /** By entryUUID. */
  readonly enrollments: ReadonlyMap<string, EnrollmentRecord>
  readonly current: CurrentDirectory
  readonly now: Date
  readonly holds: Holds
  /** Ids of providers that are paused, to say so of those whom it concerns. */
  readonly paused?: ReadonlySet<string>
}
