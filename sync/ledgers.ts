import type { Json, RecordReader } from '../server/directory/directory-store.ts'
import type { NameRecord } from './name-claims.ts'

/*
 * What is remembered for ever: which identity has which entryUUID and number (`identity`, `number`), and who holds or
 * last held a name (`name`). An identity key is "<tenant or org>/<immutable id>"; "rosterd/…" are the server's own.
 */

export type IdentityKind = 'user' | 'group'

export type IdentityRecord = {
  readonly entryUUID: string
  readonly kind: IdentityKind
  /** uidNumber or gidNumber. */
  readonly number: number
  /** ISO 8601. */
  readonly firstSeen: string
  /** ISO 8601 since when the provider no longer has it; null while it does. */
  readonly goneSince: string | null
  /** Absent for the source that authenticates the person; see {@link Linked}. */
  readonly linked?: Linked
}

/** How a source id came to share somebody's identity: by matching fields, or by an administrator's word. */
export type Linked = 'automatic' | 'confirmed'

/** Value of the `match` collection: whose identity a source id has (a confirmed link), or null for nobody else's. */
export type MatchWord = { readonly entryUUID: string | null }

export interface Ledgers {
  /** By identity key. */
  readonly identities: ReadonlyMap<string, IdentityRecord>
  /** By folded name. */
  readonly names: Readonly<Record<IdentityKind, ReadonlyMap<string, NameRecord>>>
  /** Identity key by number. */
  readonly numbers: ReadonlyMap<number, string>
  /** What administrators said about source ids, by identity key. */
  readonly words: ReadonlyMap<string, MatchWord>
}

/**
 * The key under which a person holds number and name, for any of its source keys: linked ones share it. It stays, whatever
 * source is added, lost or comes first.
 */
export function holderOf(key: string, ledgers: Pick<Ledgers, 'identities' | 'numbers'>): string {
  const record = ledgers.identities.get(key)
  return record === undefined ? key : (ledgers.numbers.get(record.number) ?? key)
}

export function identityKey(tenant: string, id: string): string {
  return `${tenant}/${id}`
}

/** Key of the `identity` collection. */
export function identityRecordKey(key: string): readonly [tenant: string, id: string] {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

/** Reads all ledgers. They are written by sync and its commands alone, so their values are trusted. */
export async function readLedgers(store: RecordReader): Promise<Ledgers> {
  const identities = new Map<string, IdentityRecord>()
  for await (const { key, value } of store.list('identity'))
    identities.set(identityKey(key[0] ?? '', key[1] ?? ''), trusted<IdentityRecord>(value))
  const names = { user: new Map<string, NameRecord>(), group: new Map<string, NameRecord>() }
  for await (const { key, value } of store.list('name')) {
    const [kind, name] = key
    if ((kind === 'user' || kind === 'group') && name !== undefined) names[kind].set(name, trusted<NameRecord>(value))
  }
  const numbers = new Map<number, string>()
  for await (const { key, value } of store.list('number'))
    numbers.set(Number(key[0]), trusted<{ holder: string }>(value).holder)
  const words = new Map<string, MatchWord>()
  for await (const { key, value } of store.list('match'))
    words.set(identityKey(key[0] ?? '', key[1] ?? ''), trusted<MatchWord>(value))
  return { identities, names, numbers, words }
}

/** A record that sync itself has written: its type is known by its collection. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the collection's type
export function trusted<T>(value: Json): T {
  return value as T
}
