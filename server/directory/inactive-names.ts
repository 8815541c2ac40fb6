import type { RecordChange } from './directory-store.ts'

/*
 * Names of people who are known and not served, because they are inactive or have not used their invitation: the
 * `inactive-name` collection, at [folded name]. Who has such a name too is not found by it at a bind.
 */

/** A UPN or mail address as it is compared. */
export function foldedName(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase()
}

export function inactiveNameChange(folded: string, isInactive: boolean): RecordChange {
  return { collection: 'inactive-name', key: [folded], value: isInactive ? true : undefined }
}

/** Takes in a change of the `inactive-name` collection; others are nothing to it. */
export function applyInactiveName(names: Set<string>, { collection, key: [name = ''], value }: RecordChange): void {
  if (collection !== 'inactive-name') return
  if (value === undefined) names.delete(name)
  else names.add(name)
}
