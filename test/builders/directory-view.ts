import { type Access, type AttributeAccess, publicAccess } from '../../server/directory/access-control.ts'
import type { EntryChange } from '../../server/directory/directory-store.ts'
import type { DirectoryView } from '../../server/directory/directory-view.ts'
import { entryName } from '../../server/directory/encoded-entry.ts'
import type { AttributeValue, Entry } from '../../server/directory/entry.ts'
import type { Matcher } from '../../server/directory/filter-match.ts'
import type { SlotList } from '../../server/directory/memory/frozen-index.ts'
import { ViewWriter } from '../../server/directory/memory/view-writer.ts'
import { Schema } from '../../server/directory/schema/schema.ts'
import { type SearchParameters, startSearch } from '../../server/directory/search.ts'
import type { Filter } from '../../server/protocol/filter.ts'
import { parseFilter } from '../../server/protocol/filter-string.ts'
import type { Scope } from '../../server/protocol/request-decoder.ts'

/** The nth entryUUID of a test. */
export function uuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
}

let made = 0

/** An entry with an entryUUID of its own. */
export function anEntry(dn: string, attributes: Readonly<Record<string, readonly AttributeValue[]>> = {}): Entry {
  made += 1
  return { dn, entryUUID: uuid(made), attributes: new Map(Object.entries(attributes)) }
}

export const put = (entry: Entry): EntryChange => ({ type: 'put', entry })
export const remove = (entry: Entry): EntryChange => ({ type: 'delete', entryUUID: entry.entryUUID })

export async function viewOf(entries: readonly Entry[], schema = new Schema()): Promise<DirectoryView> {
  return await viewAfter(new ViewWriter(schema), entries.map(put))
}

/** The view that the changes make of the one that the writer has. */
export async function viewAfter(writer: ViewWriter, changes: readonly EntryChange[]): Promise<DirectoryView> {
  const draft = writer.begin()
  for (const change of changes) {
    if (change.type === 'put') draft.put(change.entry)
    else draft.delete(change.entryUUID)
  }
  writer.show(await draft.finish())
  return writer.view
}

/** Reads every entry, and every attribute but those named. */
export function readsAllBut(...names: readonly string[]): Access {
  const attributes: AttributeAccess = { allows: (type) => !names.includes(type.name) }
  return { attributes, canRead: () => true, values: undefined }
}

export interface SearchFor {
  readonly filter: string | Filter
  readonly baseObject?: string
  readonly scope?: Scope
  readonly access?: Access
}

/** The candidates of a filter, all gathered; undefined when no index narrows it down. */
export function candidatesOf({ candidates }: Matcher): SlotList | undefined {
  const gathered = candidates?.()
  if (!gathered || !('next' in gathered)) return gathered
  for (let step = gathered.next(); ; step = gathered.next()) if (step.done) return step.value
}

/** The slots found, in the order they were found. */
export function slotsFound(view: DirectoryView, wanted: SearchFor): number[] {
  const { filter, baseObject = '', scope = 'wholeSubtree', access = publicAccess } = wanted
  const parameters: SearchParameters = {
    baseObject,
    scope,
    filter: typeof filter === 'string' ? parseFilter(filter) : filter,
  }
  const search = startSearch(view, parameters, access)
  const slots: number[] = []
  while (!search.isDone) slots.push(...search.next(3))
  return slots
}

/** The DNs found. */
export function search(view: DirectoryView, wanted: string | SearchFor): string[] {
  return slotsFound(view, typeof wanted === 'string' ? { filter: wanted } : wanted).map((slot) => {
    const entry = view.entry(slot)
    return entry ? entryName(entry) : ''
  })
}
