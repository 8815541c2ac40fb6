import type { DirectoryFigures } from '../../admin-ui/admin/overview-services.ts'
import { createBreather } from '../../sync/breather.ts'
import type { Decision } from '../../sync/candidates.ts'
import { entryType } from '../../sync/file-entries.ts'
import { keptWhile } from '../../sync/roster/kept-result.ts'
import { isActive, providerOf } from '../../sync/sync-plan.ts'
import type { Directory } from '../directory/directory.ts'

/** Active entries of a provider. */
export interface ServedOfProvider {
  readonly user: number
  readonly group: number
  /** That are neither; only files have such. */
  readonly entry: number
}

export interface CountedDirectory {
  readonly figures: DirectoryFigures
  /** By provider id. */
  readonly served: ReadonlyMap<string, ServedOfProvider>
}

/** Counted anew when something has changed: it looks at every entry and every decision. */
export function directoryFigures(directory: Directory): () => Promise<CountedDirectory> {
  return keptWhile(
    () => `${directory.store.lastChange} ${directory.revisionOf('decision')}`,
    () => count(directory),
  )
}

async function count(directory: Directory): Promise<CountedDirectory> {
  const served = new Map<string, { user: number; group: number; entry: number }>()
  let people = 0
  let groups = 0
  const breathe = createBreather()
  for (const entry of directory.entries()) {
    await breathe()
    const type = entryType(entry)
    if (type === 'user') people += 1
    if (type === 'group') groups += 1
    if (!isActive(entry)) continue
    const own = served.get(providerOf(entry)) ?? { user: 0, group: 0, entry: 0 }
    served.set(providerOf(entry), own)
    own[type] += 1
  }
  let notServed = 0
  for await (const { value } of directory.store.list('decision'))
    if ((value as Decision).status !== 'active') notServed += 1 // written by the sync
  return { figures: { people, groups, notServed }, served }
}
