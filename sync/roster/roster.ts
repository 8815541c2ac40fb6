import { activeBlock } from '../../server/directory/credentials/credential-records.ts'
import type { Collection, RecordReader } from '../../server/directory/directory-store.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import { keptWhile } from './kept-result.ts'
import { readRoster, type RosterSources } from './read-roster.ts'
import { filteredRoster, type RosterFilter } from './roster-filter.ts'
import type { Readiness, RosterGroup, RosterPerson, RosterRow } from './roster-rows.ts'
import { noMarks, readinessOf, readSignInMarks } from './sign-in-readiness.ts'

export interface PeopleFilter extends RosterFilter {
  readonly readiness?: Readiness | undefined
  /** Whether an administrator keeps them from signing in. */
  readonly isBlocked?: boolean | undefined
}

/** Rows that were asked for; what a page does not show is not made. */
export interface RosterList<Row> {
  readonly total: number
  /** From the one at `from`, which counts from 0, to the one before `to`. */
  rows(from?: number, to?: number): Iterable<Row>
}

/** Everybody and every group, served or not, by name. */
export interface Roster {
  people(filter: PeopleFilter): Promise<RosterList<RosterPerson>>
  groups(filter: RosterFilter): Promise<RosterList<RosterGroup>>
  /** By row id. */
  person(id: string): Promise<RosterPerson | undefined>
  group(id: string): Promise<RosterGroup | undefined>
  /** Settings that decided over somebody, or over a group. */
  reasons(of: 'people' | 'groups'): Promise<readonly string[]>
}

export interface RosterParts {
  readonly directory: RosterSources['current'] & {
    readonly store: RecordReader & { readonly lastChange: number }
    revisionOf(collection: Collection): number
  }
  /** As they are configured now. */
  readonly settings: () => Config['providers']
  /** Tenant by provider id. */
  readonly tenants: () => ReadonlyMap<string, string>
  readonly clock: Pick<Clock, 'now'>
}

/**
 * The lists are kept in memory until something changes that they were made of. Sign-in is looked at apart: it changes more
 * often than the directory, and is read sooner.
 */
export function createRoster({ directory, settings, tenants, clock }: RosterParts): Roster {
  const { store } = directory
  const revisions = (...collections: Collection[]) => collections.map((one) => directory.revisionOf(one)).join(' ')
  const everything = keptWhile(
    () => `${store.lastChange} ${revisions('decision', 'mirror', 'identity', 'name')}`,
    async () => {
      const { people, groups } = await readRoster({ store, current: directory, tenants: tenants() })
      return { people, groups, reasons: { people: reasonsOf(people), groups: reasonsOf(groups) } }
    },
  )
  const marks = keptWhile(
    () => revisions('credential', 'enrollment', 'account'),
    () => readSignInMarks(store),
  )
  const filtered = <Row extends RosterRow>(rows: readonly Row[], filter: RosterFilter) => {
    const types = new Map(settings().map(({ id, type }) => [id, type]))
    return filteredRoster(rows, filter, (provider) => types.get(provider))
  }

  async function marking(): Promise<(row: RosterRow) => RosterPerson> {
    const known = await marks()
    const asked = new Set(
      settings().flatMap((provider) => (provider.type !== 'ldif' && provider.passThroughBind ? [provider.id] : [])),
    )
    const now = clock.now()
    return (row) => {
      const mark = known.get(row.entryUUID ?? '') ?? noMarks
      const block = activeBlock({ block: mark.block, passThrough: null }, now)
      return { ...row, readiness: readinessOf(mark, asked.has(row.provider)), block: block?.reason ?? null }
    }
  }

  return {
    async people(filter) {
      const withMarks = await marking()
      const rows = filtered((await everything()).people, filter)
      const { readiness, isBlocked } = filter
      if (readiness === undefined && isBlocked === undefined) return listOf(rows, withMarks)
      const wanted = rows
        .map(withMarks)
        .filter(
          (person) =>
            (readiness === undefined || person.readiness === readiness) &&
            (isBlocked === undefined || (person.block !== null) === isBlocked),
        )
      return listOf(wanted, (row) => row)
    },
    async groups(filter) {
      return listOf(filtered((await everything()).groups, filter), (row) => row)
    },
    async person(id) {
      const row = (await everything()).people.find((one) => one.id === id)
      return row && (await marking())(row)
    },
    async group(id) {
      return (await everything()).groups.find((one) => one.id === id)
    },
    async reasons(of) {
      return (await everything()).reasons[of]
    },
  }
}

function listOf<Row, Shown>(rows: readonly Row[], shown: (row: Row) => Shown): RosterList<Shown> {
  return {
    total: rows.length,
    *rows(from = 0, to = rows.length) {
      for (const row of rows.slice(from, to)) yield shown(row)
    },
  }
}

/** `none` left out: it is no reason. */
function reasonsOf(rows: readonly RosterRow[]): readonly string[] {
  const found = new Set(rows.map(({ rule }) => rule))
  found.delete('none')
  return [...found].sort()
}
