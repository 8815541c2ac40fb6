import { isDeepStrictEqual } from 'node:util'
import type { Json, RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import type { Snapshot, SourceDomain, SourceEntry, SourceGroup, SourceUser } from './identity.ts'
import type { MirrorReader, SourceChanges } from './identity-provider.ts'
import { isLongGone } from './forgetting.ts'
import { trusted } from './ledgers.ts'

/** Value of the `cursor` collection, written in the commit that wrote the mirror it belongs to. */
export type CursorRecord = {
  /** ISO 8601: start of the last run that read everything, and of the last that read at all. */
  readonly lastFullRun: string
  readonly lastRun: string
  /** Whose ids the mirror holds; under other settings it is another tenant's, and of no use. */
  readonly tenant: string
  /** The provider was taken out of the configuration since: what it held is history. */
  readonly isDetached: boolean
  /** The provider's own; null when it cannot tell changes. */
  readonly token: Json | null
}

type Tenant = { readonly id: string; readonly tenant: string }

/** undefined: the provider, as it is configured, was never read. */
export async function readCursor(store: RecordReader, { id, tenant }: Tenant): Promise<CursorRecord | undefined> {
  const value = await store.get('cursor', [id])
  const cursor = value === undefined ? undefined : trusted<CursorRecord>(value)
  return cursor === undefined || cursor.isDetached || cursor.tenant !== tenant ? undefined : cursor
}

/** Marks the mirrors of providers that are not configured any more. */
export async function detachedCursors(
  store: RecordReader,
  isConfigured: (provider: string) => boolean,
): Promise<readonly RecordChange[]> {
  const changes: RecordChange[] = []
  for await (const { key, value } of store.list('cursor')) {
    const cursor = trusted<CursorRecord>(value)
    if (isConfigured(key[0] ?? '') || cursor.isDetached) continue
    changes.push({ collection: 'cursor', key, value: { ...cursor, isDetached: true } })
  }
  return changes
}

/** Removes what was read of providers that were taken out of the configuration and last read 30 days ago. */
export async function forgottenMirrors(store: RecordReader, now: Date): Promise<readonly RecordChange[]> {
  const changes: RecordChange[] = []
  for await (const { key: cursor, value } of store.list('cursor')) {
    const { isDetached, lastRun } = trusted<CursorRecord>(value)
    if (!isDetached || !isLongGone(lastRun, now)) continue
    changes.push({ collection: 'cursor', key: cursor, value: undefined })
    for await (const { key } of store.list('mirror', cursor))
      changes.push({ collection: 'mirror', key, value: undefined })
  }
  return changes
}

/** The mirror of a cloud provider, record by record. */
export function mirrorReader(store: RecordReader, provider: string): MirrorReader {
  async function one<T>(type: string, id: string): Promise<T | undefined> {
    const value = await store.get('mirror', [provider, type, id])
    return value === undefined ? undefined : trusted<T>(value)
  }
  async function* all<T>(type: string) {
    for await (const { value } of store.list('mirror', [provider, type])) yield trusted<T>(value)
  }
  return {
    user: (id) => one('user', id),
    group: (id) => one('group', id),
    users: () => all('user'),
    groups: () => all('group'),
  }
}

/** Record changes that bring the stored mirror up to date: only what differs. */
export async function mirrorUpdates(
  store: RecordReader,
  provider: string,
  changes: SourceChanges,
): Promise<readonly RecordChange[]> {
  const updates: RecordChange[] = []
  const update = async (type: string, id: string, value: Json | undefined) => {
    const key = [provider, type, id]
    if (!isDeepStrictEqual(await store.get('mirror', key), value)) updates.push({ collection: 'mirror', key, value })
  }
  for (const [id, user] of changes.users) await update('user', id, user)
  for (const [id, group] of changes.groups) await update('group', id, group)
  if (changes.domains === undefined) return updates
  const wanted = new Map<string, Json>(changes.domains.map((domain) => [domain.name, domain]))
  for await (const { key } of store.list('mirror', [provider, 'domain']))
    if (!wanted.has(key[2] ?? '')) updates.push({ collection: 'mirror', key, value: undefined })
  for (const [name, domain] of wanted) await update('domain', name, domain)
  return updates
}

/** A snapshot of people and groups with the changes made. */
export function withChanges(snapshot: Snapshot, changes: SourceChanges): Snapshot {
  if (snapshot.kind !== 'identities') return snapshot
  return {
    kind: 'identities',
    users: changed(snapshot.users, changes.users),
    groups: changed(snapshot.groups, changes.groups),
    domains: changes.domains ?? snapshot.domains,
  }
}

function changed<T extends { readonly id: string }>(
  objects: readonly T[],
  changes: ReadonlyMap<string, T | undefined>,
): readonly T[] {
  if (changes.size === 0) return objects
  const byId = new Map(objects.map((object) => [object.id, object]))
  for (const [id, object] of changes) {
    if (object === undefined) byId.delete(id)
    else byId.set(id, object)
  }
  return [...byId.values()]
}

/** Reads what a provider held when it was last read in full; undefined when it never was. */
export async function readMirror(
  store: RecordReader,
  provider: Tenant,
  kind: Snapshot['kind'],
): Promise<Snapshot | undefined> {
  if ((await readCursor(store, provider)) === undefined) return undefined
  const all = async <T>(type: string) => {
    const items: T[] = []
    for await (const { value } of store.list('mirror', [provider.id, type])) items.push(trusted<T>(value))
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
