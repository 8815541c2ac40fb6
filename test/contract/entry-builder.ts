import type { EntryChange, Generation, RecordChange } from '../../server/directory/directory-store.ts'
import type { AttributeValue, Entry } from '../../server/directory/entry.ts'

/** The nth entryUUID of a test. */
export function uuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
}

export function person(
  n: number,
  uid: string,
  attributes: Readonly<Record<string, readonly AttributeValue[]>> = {},
): Entry {
  return {
    dn: `uid=${uid},ou=people,dc=example,dc=com`,
    entryUUID: uuid(n),
    attributes: new Map(Object.entries({ objectClass: ['top', 'person'], uid: [uid], ...attributes })),
  }
}

export const put = (entry: Entry): EntryChange => ({ type: 'put', entry })
export const remove = (n: number): EntryChange => ({ type: 'delete', entryUUID: uuid(n) })

export function generation(entries: readonly EntryChange[], records: readonly RecordChange[] = []): Generation {
  return { cause: { kind: 'run', id: 'run-1' }, entries, records }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** Entries in the order of their entryUUIDs, attributes as plain pairs, for comparing states. */
export async function stateOf(entries: AsyncIterable<Entry>) {
  const all = await collect(entries)
  return all.sort((a, b) => (a.entryUUID < b.entryUUID ? -1 : 1))
}
