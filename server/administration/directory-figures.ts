import type { DirectoryFigures } from '../../admin-ui/admin/administration.ts'
import type { Decision } from '../../sync/candidates.ts'
import type { Directory } from '../directory/directory.ts'

/** People and groups of a cloud provider that are served. */
export interface ServedOfProvider {
  readonly user: number
  readonly group: number
}

export interface CountedDirectory {
  readonly figures: DirectoryFigures
  /** By provider id. */
  readonly served: ReadonlyMap<string, ServedOfProvider>
}

/** Counted anew when something has changed: it looks at every entry and every decision. */
export function directoryFigures(directory: Directory): () => Promise<CountedDirectory> {
  let counted: { readonly state: string; readonly result: Promise<CountedDirectory> } | undefined
  return () => {
    const state = `${directory.store.lastChange} ${directory.revisionOf('decision')}`
    if (counted?.state !== state) {
      const result = count(directory)
      counted = { state, result }
      result.catch(() => (counted = undefined))
    }
    return counted.result
  }
}

async function count(directory: Directory): Promise<CountedDirectory> {
  const people = numberOf(directory, ['person', 'posixAccount'])
  const groups = numberOf(directory, ['groupOfNames', 'posixGroup'])
  let notServed = 0
  const served = new Map<string, { user: number; group: number }>()
  for await (const { key, value } of directory.store.list('decision')) {
    const [provider = '', kind] = key
    const own = served.get(provider) ?? { user: 0, group: 0 }
    served.set(provider, own)
    if ((value as Decision).status !== 'active')
      notServed += 1 // written by the sync
    else if (kind === 'user' || kind === 'group') own[kind] += 1
  }
  return { figures: { people, groups, notServed }, served }
}

/** Entries of any of the classes: those of a file need not have all that ours have. */
function numberOf(directory: Directory, classes: readonly string[]): number {
  const found = new Set<string>()
  for (const name of classes)
    for (const { entryUUID } of directory.entriesWith('objectClass', name)) found.add(entryUUID)
  return found.size
}
