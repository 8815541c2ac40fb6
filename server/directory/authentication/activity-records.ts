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

export function activityKey(of: 'person' | 'binder', id: string): readonly string[] {
  return [of, id]
}

export function readActivity(value: Json | undefined): ActivityRecord | undefined {
  return typeof value === 'object' && value !== null ? (value as ActivityRecord) : undefined // written by SignInActivity
}
