import type { RosterList } from '../../../sync/roster/roster.ts'
import type { RosterRow } from '../../../sync/roster/roster-rows.ts'

const recordsInPart = 100

/** LDIF (RFC 2849) of the rows that are served, some records at a time. */
export function* ldifParts(
  list: RosterList<RosterRow>,
  ldifOf: (entryUUID: string) => string | undefined,
): Generator<string> {
  let part = 'version: 1\n\n'
  let waiting = 0
  for (const { isServed, entryUUID } of list.rows()) {
    if (!isServed || entryUUID === null) continue
    part += ldifOf(entryUUID) ?? ''
    waiting += 1
    if (waiting < recordsInPart) continue
    yield part
    part = ''
    waiting = 0
  }
  yield part
}
