import type * as z from 'zod'
import type { PersonEnrollment } from '../../../sync/enrollment/enrollment.ts'
import type { enrollmentQuery } from './inputs.ts'

/** Those of them that a query asks for; all pages. */
export function wantedEnrollments(
  all: readonly PersonEnrollment[],
  query: Pick<z.output<typeof enrollmentQuery>, 'search' | 'state'>,
): readonly PersonEnrollment[] {
  const search = query.search.toLowerCase()
  return all.filter(
    (person) =>
      (query.state === undefined || stateNameOf(person) === query.state) &&
      (search === '' || `${person.name}\n${person.address ?? ''}`.toLowerCase().includes(search)),
  )
}

function stateNameOf({ state, waiting }: PersonEnrollment): 'waiting' | 'invited' | 'enrolled' {
  return state === 'enrolled' ? 'enrolled' : waiting ? 'waiting' : 'invited'
}
