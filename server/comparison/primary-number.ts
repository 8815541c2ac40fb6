import type { Match } from './matching.ts'
import type { Person } from './people-and-groups.ts'

/**
 * The gidNumber that everybody there has whose primary group here is the one given: that number may go on as its own. The numbers by
 * how many people have them, when they are several.
 */
export function primaryNumbersThere(
  people: readonly Match<Person>[],
  gidNumberHere: string | undefined,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { there, here } of people)
    if (there.gidNumber !== undefined && here.gidNumber === gidNumberHere)
      counts.set(there.gidNumber, (counts.get(there.gidNumber) ?? 0) + 1)
  return counts
}
