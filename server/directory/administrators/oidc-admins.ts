import type { OidcAdminsConfig } from '../../runtime/config-schema.ts'
import { ChangeRefused } from '../credentials/change-refused.ts'
import type { Json } from '../directory-store.ts'
import type { AdminActor } from './admin-actions.ts'
import { type AdminContext, changeAsAdmin } from './admin-context.ts'
import { newEpoch } from './admin-list.ts'
import { type Role, roles } from './admin-records.ts'
import type { SignedInAdmin } from './admin-sign-in.ts'

/*
 * Administrators who sign in at an identity provider. Who they are is in the configuration alone; the `oidc-admin` collection, at
 * [provider, immutable id], has what their sessions hang on.
 */

/** Who signed in, on the word of the provider. */
export interface ProvidedAdmin {
  /** Id in `admin.oidc`. */
  readonly provider: string
  /** Immutable id. */
  readonly id: string
  /** For people to read; empty where the provider does not tell. */
  readonly name: string
  /** `too many`: more than it tells; `unknown`: it tells none. */
  readonly groups: readonly string[] | 'too many' | 'unknown'
}

/** As listed: whoever has signed in once. */
export interface ListedOidcAdmin {
  /** `oidc:<provider>/<immutable id>`: names them in sessions and records. */
  readonly name: string
  readonly displayName: string
  /** Name of the provider; its id when the configuration has it no more. */
  readonly provider: string
  /** undefined: the configuration gives none any more. */
  readonly role: Role | undefined
  readonly lastSignIn: OidcAdminRecord['lastSignIn']
}

export interface OidcAdmins {
  list(): Promise<readonly ListedOidcAdmin[]>
  /** What a session begins with; the reason why there is none, for the log. */
  admit(admin: ProvidedAdmin, address: string): Promise<{ readonly name: string; readonly epoch: string } | string>
  /** Of a session that began with this epoch; undefined when it is over. */
  signedIn(name: string, epoch: string): Promise<SignedInAdmin | undefined>
  /** Throws {@link ChangeRefused}. */
  signOutEverywhere(name: string, by: AdminActor): Promise<void>
}

type OidcAdminRecord = {
  readonly provider: string
  readonly id: string
  /** As the provider had it at the last sign-in. */
  readonly name: string
  /** Of the last sign-in. */
  readonly role: Role
  /** Those of the last sign-in that the configuration named. */
  readonly groups: readonly string[]
  /** Sessions that began with another value are over. */
  readonly epoch: string
  readonly lastSignIn: { readonly at: string; readonly address: string }
}

export function createOidcAdmins(
  context: Pick<AdminContext, 'directory' | 'clock' | 'logger'> & {
    readonly config: { readonly admin: { readonly oidc: readonly OidcAdminsConfig[] } }
  },
): OidcAdmins {
  const { directory, clock, logger, config } = context
  const { store } = directory

  function providerOf(id: string): OidcAdminsConfig | undefined {
    return config.admin.oidc.find((provider) => provider.id === id)
  }

  async function read(key: readonly string[]): Promise<OidcAdminRecord | undefined> {
    return recordOf(await store.get('oidc-admin', key))
  }

  /** The role that the configuration gives now. */
  function roleNow({ provider, id, groups }: OidcAdminRecord): Role | undefined {
    const configured = providerOf(provider)
    return configured && oidcRole(configured, { id, groups })
  }

  /** Whoever is nobody now is nobody in other browsers either. */
  async function endSessions(key: readonly string[]): Promise<void> {
    await directory.commitFrom(async () => {
      const record = await read(key)
      if (record === undefined) return undefined
      const ended = { ...record, groups: [], epoch: newEpoch() }
      const cause = { kind: 'server', id: 'administrator no more' } as const
      return { cause, entries: [], records: [{ collection: 'oidc-admin', key, value: ended }] }
    })
  }

  return {
    async list() {
      const found: ListedOidcAdmin[] = []
      for await (const { value } of store.list('oidc-admin')) {
        const record = recordOf(value)
        if (record === undefined) continue
        const { provider, lastSignIn } = record
        const shown = { name: nameOf(record), displayName: displayNameOf(record), lastSignIn }
        found.push({ ...shown, provider: providerOf(provider)?.name ?? provider, role: roleNow(record) })
      }
      return found
    },

    async admit({ provider, id, name, groups }, address) {
      const configured = providerOf(provider)
      if (configured === undefined) return 'admin.oidc has this provider no more'
      const told = typeof groups === 'string' ? [] : groups
      const role = oidcRole(configured, { id, groups: told })
      if (role === undefined) {
        await endSessions([provider, id])
        return whyNobody(configured, groups)
      }
      const named = new Set(configured.admins.flatMap((one) => ('group' in one ? [one.group] : [])))
      const key = [provider, id]
      let epoch = newEpoch()
      await directory.commitFrom(async () => {
        const before = await read(key)
        // Another role ends the sessions that began with the one before.
        if (before?.role === role) epoch = before.epoch
        const record: OidcAdminRecord = {
          provider,
          id,
          name,
          role,
          groups: told.filter((group) => named.has(group)),
          epoch,
          lastSignIn: { at: clock.now().toISOString(), address },
        }
        const cause = { kind: 'admin', id: nameOf(record) } as const
        return { cause, entries: [], records: [{ collection: 'oidc-admin', key, value: record }] }
      })
      logger.info({ by: `admin:${recordedAs({ provider, id, name })}`, address, role }, 'administrator signed in')
      return { name: nameOf({ provider, id }), epoch }
    },

    async signedIn(name, epoch) {
      const key = keyOf(name)
      const record = key && (await read(key))
      if (record === undefined || record.epoch !== epoch || roleNow(record) !== record.role) return undefined
      const { role } = record
      return {
        name,
        displayName: displayNameOf(record),
        recordedAs: recordedAs(record),
        isLocal: false,
        role,
        hasSecondFactor: false,
      }
    },

    async signOutEverywhere(name, by) {
      const key = keyOf(name)
      await changeAsAdmin(context, by, async () => {
        const record = key && (await read(key))
        if (key === undefined || record === undefined) throw new ChangeRefused(`There is no administrator "${name}".`)
        return {
          records: [{ collection: 'oidc-admin', key, value: { ...record, epoch: newEpoch() } }],
          action: { event: 'signed out everywhere', subject: recordedAs(record), before: null, after: null },
        }
      })
    },
  }
}

/** An entry for the person, else of the entries for groups the one that may do most. */
function oidcRole(
  { admins }: Pick<OidcAdminsConfig, 'admins'>,
  { id, groups }: { readonly id: string; readonly groups: readonly string[] },
): Role | undefined {
  const own = admins.find((one) => 'user' in one && one.user === id)
  if (own !== undefined) return own.role
  const given = admins.flatMap((one) => ('group' in one && groups.includes(one.group) ? [one.role] : []))
  return roles.find((role) => given.includes(role))
}

function whyNobody({ admins }: OidcAdminsConfig, groups: ProvidedAdmin['groups']): string {
  const needsGroups = admins.some((one) => 'group' in one)
  if (needsGroups && groups === 'too many')
    return 'the person is in more groups than the identity token names (_claim_names): let the provider name only groups that are assigned to the application, or name the person in admin.oidc'
  if (needsGroups && groups === 'unknown')
    return 'the identity token has no claim "groups": let the provider add it, or name the person in admin.oidc'
  return 'admin.oidc names neither the person nor a group of theirs'
}

/** Whether an administrator of that name signs in at an identity provider. */
export function isOidcName(name: string): boolean {
  return keyOf(name) !== undefined
}

function nameOf({ provider, id }: Pick<OidcAdminRecord, 'provider' | 'id'>): string {
  return `oidc:${provider}/${id}`
}

/** No name of a local administrator is like that. */
function keyOf(name: string): readonly [provider: string, id: string] | undefined {
  const [, provider, id] = /^oidc:([a-z0-9-]+)\/(.+)$/.exec(name) ?? []
  return provider === undefined || id === undefined ? undefined : [provider, id]
}

function displayNameOf({ name, id }: Pick<OidcAdminRecord, 'name' | 'id'>): string {
  return name === '' ? id : name
}

/** The id first: people choose their names. */
function recordedAs(record: Pick<OidcAdminRecord, 'provider' | 'id' | 'name'>): string {
  return record.name === '' ? nameOf(record) : `${nameOf(record)} (${record.name})`
}

function recordOf(value: Json | undefined): OidcAdminRecord | undefined {
  return typeof value === 'object' && value !== null ? (value as OidcAdminRecord) : undefined // written above
}
