/** One way to recognize an object: the values that two of them may share, in comparable form. */
export interface MatchField<T> {
  readonly name: string
  readonly valuesOf: (object: T) => readonly string[]
}

export interface Match<T> {
  readonly there: T
  readonly here: T
  /** Name of the field. */
  readonly by: string
}

export interface Matching<T> {
  readonly matches: readonly Match<T>[]
  /** Why each of these was not matched although something answers to it. */
  readonly ambiguousThere: ReadonlyMap<T, string>
  readonly ambiguousHere: ReadonlyMap<T, string>
  readonly onlyThere: readonly T[]
  readonly onlyHere: readonly T[]
}

/**
 * Matches objects of two directories by the first field that any of the other directory answers to. Where more than one does, on either
 * side, or `doubt` speaks against a match, nobody is matched, by later fields neither: that would be a guess.
 */
export function matchOneToOne<T extends { readonly dn: string }>(
  there: readonly T[],
  here: readonly T[],
  fields: readonly MatchField<T>[],
  doubt: (there: T, here: T, by: string) => string | undefined = () => undefined,
): Matching<T> {
  const matches: Match<T>[] = []
  const ambiguousThere = new Map<T, string>()
  const ambiguousHere = new Map<T, string>()
  const leftThere = new Set(there)
  const leftHere = new Set(here)
  for (const field of fields) {
    const answersHere = answers(leftThere, leftHere, field)
    const answersThere = answers(leftHere, leftThere, field)
    for (const [one, candidates] of answersHere) {
      const [candidate] = candidates
      if (candidate === undefined) continue
      const rivals = answersThere.get(candidate) ?? new Set()
      const isOneToOne = candidates.size === 1 && rivals.size === 1
      const reason = isOneToOne
        ? doubt(one, candidate, field.name)
        : `the same ${field.name}: there ${list(rivals)}; here ${list(candidates)}`
      leftThere.delete(one)
      for (const each of candidates) leftHere.delete(each)
      if (reason === undefined) matches.push({ there: one, here: candidate, by: field.name })
      else {
        ambiguousThere.set(one, reason)
        for (const each of candidates) ambiguousHere.set(each, reason)
      }
    }
  }
  return { matches, ambiguousThere, ambiguousHere, onlyThere: [...leftThere], onlyHere: [...leftHere] }
}

/** Who of `others` shares a value with each of `objects`. */
function answers<T>(objects: Iterable<T>, others: Iterable<T>, { valuesOf }: MatchField<T>): Map<T, Set<T>> {
  const byValue = new Map<string, T[]>()
  for (const other of others)
    for (const value of new Set(valuesOf(other))) {
      const same = byValue.get(value)
      if (same) same.push(other)
      else byValue.set(value, [other])
    }
  const found = new Map<T, Set<T>>()
  for (const object of objects)
    found.set(object, new Set(valuesOf(object).flatMap((value) => byValue.get(value) ?? [])))
  return found
}

function list(objects: Iterable<{ readonly dn: string }>): string {
  return Array.from(objects, ({ dn }) => dn).join(' and ')
}
