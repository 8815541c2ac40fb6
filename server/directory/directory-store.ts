import type { Entry } from './entry.ts'

/** A JSON value; records are stored as such. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * What the store keeps beside entries. Keys are tuples of strings without NUL; listing follows their order.
 *
 *   mirror      provider id, 'user' | 'group' | 'domain' | …, immutable id      source object as last seen
 *   cursor      provider id                                                     delta token or time stamp, last full run
 *   identity    tenant or org, immutable id                                     entryUUID, numbers, first and last seen
 *   name        'user' | 'group', folded name                                   who holds or last held the name
 *   number      decimal, padded to 10 digits                                    which identity owns the number
 *   credential  entryUUID, credential id                                        a password hash and its metadata
 *   decision    provider id, 'user' | 'group', immutable id                     status and reason of a source object
 *   held        provider id                                                     changes that wait for approval
 *   run         provider id, start time                                         what a sync run did
 *   provider    provider id, aspect, …                                          state of a connection: pause, credential health, subscription
 *   sealed      purpose, …                                                      secrets, encrypted with the master key
 *   link        SHA-256 of a one-time token                                     what a one-time link is for, and until when
 *   enrollment  entryUUID                                                       whether a person was invited and has confirmed
 *   outbox      id that sorts by time                                           mail and notifications that wait to be delivered
 *   match       tenant or org, immutable id                                     an administrator's word on whose identity this is
 *   account     entryUUID                                                       what was decided here of a person's sign-in: blocked, no pass-through
 *   binder      name                                                            a binder made here, and the secrets that rotation keeps
 *   inactive-name   folded name                                                 name of somebody who is known and not served
 *   throttle    pair, account or address, …                                      failed binds that still count
 *   activity    person or binder, entryUUID or name                              last uses: when, from where, with what
 *   audit       entryUUID, number                                               what was done to a person's sign-in, when and by whom
 *   audit       'admin', time and a number that grows                           what administrators did
 *   operation   'block' or 'span', number                                       binds and notable operations of the last days
 *   admin       name in lower case                                              an administrator who signs in here
 *   api-token   id                                                              what may use the API, and in which role
 *   session     SHA-256 of a session id                                         who is signed in to the pages
 *   meta        name                                                            anything single: store version, keys, since when changes were forgotten
 */
export type Collection =
  | 'mirror'
  | 'cursor'
  | 'identity'
  | 'name'
  | 'number'
  | 'credential'
  | 'decision'
  | 'held'
  | 'run'
  | 'meta'
  | 'provider'
  | 'sealed'
  | 'link'
  | 'enrollment'
  | 'outbox'
  | 'match'
  | 'account'
  | 'binder'
  | 'inactive-name'
  | 'throttle'
  | 'activity'
  | 'session'
  | 'audit'
  | 'admin'
  | 'operation'
  | 'api-token'
  | 'oidc-admin'

export interface RecordChange {
  readonly collection: Collection
  readonly key: readonly string[]
  /** undefined removes the record. */
  readonly value: Json | undefined
}

export type EntryChange =
  | { readonly type: 'put'; readonly entry: Entry }
  | { readonly type: 'delete'; readonly entryUUID: string }

/** Why something changed: a sync run, an administrator, the person, or the server itself. */
export interface Cause {
  readonly kind: 'run' | 'admin' | 'user' | 'server'
  /** Run id, administrator name, entryUUID, or the server's reason. */
  readonly id: string
}

/** Everything that one commit writes: all of it or nothing. */
export interface Generation {
  readonly cause: Cause
  readonly entries: readonly EntryChange[]
  readonly records: readonly RecordChange[]
}

/** What happened to one attribute: values taken away and values added. */
export interface AttributeChange {
  readonly attribute: string
  readonly removed: readonly (string | { readonly base64: string })[]
  readonly added: readonly (string | { readonly base64: string })[]
}

/** One line of the change log. */
export interface Change {
  /** Monotonic, without gaps. */
  readonly number: number
  /** ISO 8601, UTC. */
  readonly time: string
  readonly cause: Cause
  readonly type: 'add' | 'modify' | 'rename' | 'delete'
  readonly entryUUID: string
  /** DN after the change (before it, for a deletion). */
  readonly dn: string
  /** DN before a rename. */
  readonly previousDn?: string
  readonly attributes: readonly AttributeChange[]
}

export interface CommitResult {
  /** Numbers of the first and last change written; equal to `lastChange` before the commit when nothing changed. */
  readonly firstChange: number
  readonly lastChange: number
}

export interface RecordReader {
  get(collection: Collection, key: readonly string[]): Promise<Json | undefined>
  /** Records whose key begins with `prefix` (whole elements), in key order. */
  list(
    collection: Collection,
    prefix?: readonly string[],
  ): AsyncIterable<{ readonly key: readonly string[]; readonly value: Json }>
}

/**
 * Durable home of the directory. Guarantees every implementation gives (test/contract/directory-store.ts):
 * - `commit` is atomic: after a crash at any moment a reopened store holds all of a generation or none of it;
 * - `commit` resolves only when the generation would survive a power cut;
 * - a `put` that equals what is stored writes nothing and logs nothing;
 * - two entries never share a normalized DN: the commit is refused as a whole;
 * - commits are applied in call order, one at a time;
 * - a reader sees a state between two commits, never inside one.
 */
export interface DirectoryStore extends RecordReader, AsyncDisposable {
  commit(generation: Generation): Promise<CommitResult>
  /** Why the store takes no changes at present, a sentence for an operator; undefined when it does. */
  readonly writeProblem: string | undefined
  /**
   * Tries to make a store that takes no changes take them again; every commit does so too. Throws while it does not. Gives
   * a generation that was refused while part of it was in the place already, and has come about with this.
   */
  recover(): Promise<Generation | undefined>
  /** Every entry, in no particular order. */
  entries(): AsyncIterable<Entry>
  readEntry(entryUUID: string): Promise<Entry | undefined>
  /** Number of the last change, 0 when there is none. */
  readonly lastChange: number
  /** Changes after `number`, oldest first; those that were forgotten are left out. */
  changes(after: number): AsyncIterable<Change>
  /** Forgets changes made before the time (ISO 8601), from the oldest on; gives how many. The last number stays. */
  forgetChanges(before: string): Promise<number>
  /** Checks that DN table, entries and change log agree; each disagreement is one line, none when all is well. */
  verify(): Promise<readonly string[]>
  close(): Promise<void>
}
