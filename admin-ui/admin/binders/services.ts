import type { AdminActor } from '../../../server/directory/administrators/admin-actions.ts'
import type { ClientHappening } from '../../../server/directory/authentication/client-watch.ts'
import type { ReadySetup } from '../../../server/directory/client-setups/ready-setup.ts'
import type { ListedBinder } from '../../../server/directory/credentials/binders.ts'

/** What a binder may do: as the objects of `binders` in the configuration, without name and password. */
export interface BinderDescription {
  readonly scope: 'tree' | { readonly subtrees: readonly string[]; readonly filter?: string | undefined }
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

/** What a client is set up for. */
export interface ClientChoice {
  /** One of {@link ClientServices.servers}; empty: all of the better kind, for fail-over. */
  readonly server: string
  /** Name of the group whose members may sign in; empty: everybody. */
  readonly group: string
}

/** How clients are set up. What is asked for and is not there throws FieldsRefused. */
export interface ClientServices {
  /** Addresses of `ldap.publicUrls` that clients can be given. */
  readonly servers: readonly string[]
  /** What is in the way of clients elsewhere, in sentences. */
  readonly problems: readonly string[]
  /** The certificate is of the private CA, which clients have to be given. */
  hasOwnCa(): boolean
  /** Names of groups that hosts know, the first ones by name. */
  groupNames(): readonly string[]
  setups(binder: ShownBinder, choice: ClientChoice): readonly ReadySetup[]
  /** The shell script for Linux hosts. `sudo`: name of the group that may use it; empty: nobody new. */
  hostScript(binder: ShownBinder, choice: ClientChoice & { readonly sudo: string }): string
}

/** What clients of a binder do, while somebody watches. */
export interface ClientHappenings {
  /** Watches for 15 minutes from now on. */
  watch(binder: ShownBinder): void
  /** What was seen of the binder of that name, latest first and not all of it; and how much it was. */
  of(binder: string): { readonly latest: readonly ClientHappening[]; readonly count: number }
  /** Calls back at each; returns what ends that. */
  listen(heard: () => void): () => unknown
}
