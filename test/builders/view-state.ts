import { type DirectoryView, type Posting, slotsOf } from '../../server/directory/directory-view.ts'
import { decodeEntry } from '../../server/directory/encoded-entry.ts'

/** What a view says, with entryUUIDs in place of slots: equal for views of the same entries, however they came about. */
export function stateOf(view: DirectoryView) {
  const uuidAt = (slot: number) => view.entries[slot]?.entryUUID ?? `free slot ${slot}`
  const uuids = (posting: Posting) => slotsOf(posting).map(uuidAt).sort()
  const postings = (index: ReadonlyMap<string, Posting>) =>
    Object.fromEntries([...index].map(([key, posting]) => [key, uuids(posting)]).sort(byFirst))
  return {
    entries: view.entries.flatMap((encoded) => (encoded ? [decodeEntry(encoded)] : [])).sort(byUuid),
    keys: Object.fromEntries(
      view.entries.flatMap((encoded, slot) => (encoded ? [[encoded.entryUUID, view.keys[slot]]] : [])),
    ),
    byKey: Object.fromEntries([...view.slotByKey].map(([key, slot]) => [key, uuidAt(slot)])),
    byUuid: Object.fromEntries([...view.slotByUuid].map(([uuid, slot]) => [uuid, uuidAt(slot)])),
    children: postings(view.childrenByKey),
    equality: Object.fromEntries([...view.equality].map(([type, index]) => [type.name, postings(index)])),
    areSlotsAscending: [...view.equality.values(), view.childrenByKey].every((index) =>
      [...index.values()].every((posting) =>
        slotsOf(posting).every((slot, at, slots) => at === 0 || (slots[at - 1] ?? -1) < slot),
      ),
    ),
  }
}

const byFirst = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)
const byUuid = (a: { readonly entryUUID: string }, b: { readonly entryUUID: string }) =>
  a.entryUUID < b.entryUUID ? -1 : 1
