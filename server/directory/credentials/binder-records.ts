import type { Json } from '../directory-store.ts'

/*
 * Service accounts that are kept in the store: the `binder` collection, at [name]. Those of the configuration file are not
 * among them.
 */

/** A secret is random and long, so that its hash needs no salt and no cost. */
export type BinderSecret = {
  /** Told apart in last uses; begins with the day it was made. */
  readonly id: string
  /** Base64. */
  readonly sha256: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** ISO 8601, UTC; null: until it is rotated. */
  readonly endsAt: string | null
}

/** What a service account may do; as the objects of `binders` in the configuration. */
export type BinderSettings = {
  readonly scope: 'tree' | { readonly subtrees: readonly string[]; readonly filter: string | null }
  readonly attributes: '*' | readonly string[]
  readonly networks: readonly string[]
  readonly requireTls: boolean
  readonly grants: readonly ('ntHash' | 'mayNotSearch')[]
}

export type BinderRecord = BinderSettings & {
  /** The newest first; the others work on until they end. */
  readonly secrets: readonly BinderSecret[]
  readonly createdAt: string
  /** Administrator's name. */
  readonly createdBy: string
}

export function readBinder(value: Json | undefined): BinderRecord | undefined {
  return typeof value === 'object' && value !== null ? (value as BinderRecord) : undefined // written by Binders
}
