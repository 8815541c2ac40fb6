import type { Json } from '../directory-store.ts'

/*
 * Last uses of credentials: the `activity` collection, at ['person', entryUUID] and ['binder', name].
 */

/** One way of signing in, with the last time. */
export type SignInUse = {
  /** Id of the credential. */
  readonly credential: string
  /** Where the client was. */
  readonly address: string
  /** The binder that was bound on the connection before; null: none. */
  readonly binder: string | null
  /** ISO 8601, UTC; late by some minutes at most. */
  readonly at: string
}

/** Latest first. */
export type ActivityRecord = { readonly uses: readonly SignInUse[] }

export type AccountKind = 'person' | 'binder'

export function activityKey(of: AccountKind, id: string): readonly string[] {
  return [of, id]
}

/** Whose uses the record with this key has. */
export function readActivityKey([kind, id]: readonly string[]): { kind: AccountKind; id: string } | undefined {
  return (kind === 'person' || kind === 'binder') && id !== undefined ? { kind, id } : undefined
}

export function readActivity(value: Json | undefined): ActivityRecord | undefined {
  return typeof value === 'object' && value !== null ? (value as ActivityRecord) : undefined // written by SignInActivity
}
