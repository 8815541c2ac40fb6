import type { AdminActor } from '../../../server/directory/administrators/admin-actions.ts'
import type { ListedBinder } from '../../../server/directory/credentials/binders.ts'

/** What a binder may do: as the objects of `binders` in the configuration, without name and password. */
export interface BinderDescription {
  readonly scope: 'tree' | { readonly subtrees: readonly string[]; readonly filter?: string }
  readonly attributes: '*' | readonly string[]
  readonly networks: readonly string[]
  readonly requireTls: boolean
  readonly grants: readonly ('ntHash' | 'mayNotSearch')[]
}

/** A binder as pages show it. */
export type ShownBinder = ListedBinder & { readonly dn: string }

/** Service accounts. Changes throw ChangeRefused, or FieldsRefused where fields of the description are wrong. */
export interface BinderServices {
  readonly baseDn: string
  /** Those of the configuration first, then by name. */
  list(): Promise<readonly ShownBinder[]>
  /** Its secret, shown once. */
  add(name: string, binder: BinderDescription, by: AdminActor): Promise<string>
  edit(name: string, binder: BinderDescription, by: AdminActor): Promise<void>
  /** A new secret, shown once; those before it end after so many days. */
  rotate(name: string, overlapDays: number, by: AdminActor): Promise<string>
  remove(name: string, by: AdminActor): Promise<void>
}
