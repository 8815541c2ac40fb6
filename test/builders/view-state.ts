import type { DirectoryView } from '../../server/directory/directory-view.ts'
import { decodeEntry } from '../../server/directory/encoded-entry.ts'
import type { Posting } from '../../server/directory/memory/frozen-index.ts'
import { slotsOf, type ValueIndex } from '../../server/directory/memory/value-index.ts'

/** What a view says, with entryUUIDs in place of slots: equal for views of the same entries, however they came about. */
export function stateOf(view: DirectoryView) {
  const uuidAt = (slot: number) => view.entry(slot)?.entryUUID ?? `free slot ${slot}`
  const uuids = (posting: Posting) => Array.from(slotsOf(posting), uuidAt).sort()
  const postings = (index: ValueIndex) =>
    Object.fromEntries([...index].map(([key, posting]) => [key, uuids(posting)]).sort(byFirst))
  const encoded = Array.from(view.slots(), (slot) => view.entry(slot)).filter((entry) => entry !== undefined)
  return {
    size: view.size,
    entries: encoded.map(decodeEntry).sort(byUuid),
    keys: Object.fromEntries(encoded.map(({ entryUUID, key }) => [entryUUID, key]).sort(byFirst)),
    byKey: postings(view.parts.byKey),
    byUuid: postings(view.parts.byUuid),
    children: postings(view.children),
    equality: Object.fromEntries([...view.equality].map(([type, index]) => [type.name, postings(index)])),
    areSlotsAscending: [...view.equality.values(), view.children].every((index) =>
      [...index].every(([, posting]) =>
        Array.from(slotsOf(posting)).every((slot, at, slots) => at === 0 || (slots[at - 1] ?? -1) < slot),
      ),
    ),
  }
}

const byFirst = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)
const byUuid = (a: { readonly entryUUID: string }, b: { readonly entryUUID: string }) =>
  a.entryUUID < b.entryUUID ? -1 : 1
