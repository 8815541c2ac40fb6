import { isDeepStrictEqual } from 'node:util'
import type { Json, RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import type { Snapshot, SourceDomain, SourceEntry, SourceGroup, SourceUser } from './identity.ts'
import { trusted } from './ledgers.ts'

/** Reads what a provider held when it was last read in full; undefined when it never was. */
export async function readMirror(
  store: RecordReader,
  provider: string,
  kind: Snapshot['kind'],
): Promise<Snapshot | undefined> {
  if ((await store.get('cursor', [provider])) === undefined) return undefined
  const all = async <T>(type: string) => {
    const items: T[] = []
    for await (const { value } of store.list('mirror', [provider, type])) items.push(trusted<T>(value))
    return items
  }
  if (kind === 'entries') return { kind, entries: await all<SourceEntry>('entry') }
  return {
    kind,
    users: await all<SourceUser>('user'),
    groups: await all<SourceGroup>('group'),
    domains: await all<SourceDomain>('domain'),
  }
}

/** Record changes that turn the stored mirror of a provider into the snapshot: only what differs. */
export async function mirrorChanges(
  store: RecordReader,
  provider: string,
  snapshot: Snapshot,
): Promise<readonly RecordChange[]> {
  const wanted = mirrorRecords(snapshot)
  const changes: RecordChange[] = []
  for await (const { key, value } of store.list('mirror', [provider])) {
    const name = key.slice(1).join('\0')
    const now = wanted.get(name)
    wanted.delete(name)
    if (now === undefined) changes.push({ collection: 'mirror', key, value: undefined })
    else if (!isDeepStrictEqual(now, value)) changes.push({ collection: 'mirror', key, value: now })
  }
  for (const [name, value] of wanted)
    changes.push({ collection: 'mirror', key: [provider, ...name.split('\0')], value })
  return changes
}

/** By `<type>\0<id>`. */
function mirrorRecords(snapshot: Snapshot): Map<string, Json> {
  if (snapshot.kind === 'entries') return new Map(snapshot.entries.map((entry) => [`entry\0${entry.id}`, entry]))
  return new Map<string, Json>([
    ...snapshot.users.map((user) => [`user\0${user.id}`, user] as const),
    ...snapshot.groups.map((group) => [`group\0${group.id}`, group] as const),
    ...snapshot.domains.map((domain) => [`domain\0${domain.name}`, domain] as const),
  ])
}
