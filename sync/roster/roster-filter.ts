import type { Readiness, RosterRow, RosterStatus } from './roster-rows.ts'

export const rosterStatuses = [
  'active',
  'inactive',
  'disabled',
  'invited',
  'skipped',
  'deleted',
] as const satisfies readonly RosterStatus[]

export const readinesses = ['password', 'provider', 'invited', 'none'] as const satisfies readonly Readiness[]

/** Which rows are wanted; undefined: whatever. */
export interface RosterFilter {
  /** Part of a name or address, in any case, or an id. Empty: whatever. */
  readonly search: string
  readonly status?: RosterStatus | undefined
  /** Setting that decided. */
  readonly reason?: string | undefined
  readonly provider?: string | undefined
  /** Type of the provider. */
  readonly type?: string | undefined
}

/** In the order of `rows`. `typeOf` gives the type of a provider. */
export function filteredRoster<Row extends RosterRow>(
  rows: readonly Row[],
  { search, status, reason, provider, type }: RosterFilter,
  typeOf: (provider: string) => string | undefined,
): readonly Row[] {
  if (search === '' && [status, reason, provider, type].every((one) => one === undefined)) return rows
  const wanted = search.toLowerCase()
  return rows.filter(
    (row) =>
      (status === undefined || row.status === status) &&
      (reason === undefined || row.rule === reason) &&
      (provider === undefined || row.provider === provider) &&
      (type === undefined || typeOf(row.provider) === type) &&
      (wanted === '' || isFound(row, wanted)),
  )
}

function isFound({ name, displayName, mail, id, sources }: RosterRow, wanted: string): boolean {
  return (
    name.toLowerCase().includes(wanted) ||
    displayName.toLowerCase().includes(wanted) ||
    mail.toLowerCase().includes(wanted) ||
    id.toLowerCase() === wanted ||
    sources.some((source) => source.toLowerCase().endsWith(`:${wanted}`))
  )
}
