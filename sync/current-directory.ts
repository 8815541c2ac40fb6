import type { Entry } from '../server/directory/entry.ts'
import { createBreather } from './breather.ts'
import type { CurrentDirectory } from './desired-input.ts'

/** Every entry of this moment, decoded once; a run compares with it again and again. */
export async function snapshotDirectory(directory: CurrentDirectory): Promise<CurrentDirectory> {
  const breathe = createBreather()
  const byUuid = new Map<string, Entry>()
  const byDn = new Map<string, Entry>()
  for (const entry of directory.entries()) {
    byUuid.set(entry.entryUUID, entry)
    byDn.set(entry.dn, entry)
    await breathe()
  }
  return {
    entryByUuid: (entryUUID) => byUuid.get(entryUUID),
    entryByDn(dn) {
      const same = byDn.get(dn)
      if (same !== undefined) return same
      const found = directory.entryByDn(dn)
      return found === undefined ? undefined : byUuid.get(found.entryUUID)
    },
    entries: () => byUuid.values(),
  }
}
