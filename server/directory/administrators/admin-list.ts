import { randomBytes } from 'node:crypto'
import { ChangeRefused } from '../credentials/change-refused.ts'
import type { AdminActor } from './admin-actions.ts'
import { type AdminChange, type AdminContext, changeAsAdmin } from './admin-context.ts'
import {
  adminChange,
  adminKey,
  type AdminRecord,
  adminTotpKey,
  readAdmin,
  readAdmins,
  removedAdmin,
  requireAdminName,
  type Role,
} from './admin-records.ts'
import { endedSetupLinks, newSetupLink, type SetupLink } from './setup-links.ts'

/** An administrator, as may be shown: no hash, no secret. */
export interface ListedAdmin {
  readonly name: string
  readonly role: Role
  readonly createdAt: string
  readonly createdBy: string
  /** Otherwise a setup link has to be used first. */
  readonly canSignIn: boolean
  readonly hasSecondFactor: boolean
  readonly lastSignIn: AdminRecord['lastSignIn']
  /** The last Owner who can sign in: stays, and stays Owner. */
  readonly isLastOwner: boolean
}

/** Who administers this server. Changes throw {@link ChangeRefused} with a sentence for the administrator. */
export interface AdminList {
  list(): Promise<readonly ListedAdmin[]>
  /** A link for who shall be the first Owner; undefined when there is an administrator already. Links before it end. */
  firstLink(): Promise<SetupLink | undefined>
  /** A new administrator, with the link to choose a password. */
  create(name: string, role: Role, by: AdminActor): Promise<SetupLink>
  /** Ends password, second factor and sessions, and gives a link to choose a password. */
  reset(name: string, by: AdminActor): Promise<SetupLink>
  /** Ends the sessions of the administrator. */
  setRole(name: string, role: Role, by: AdminActor): Promise<void>
  remove(name: string, by: AdminActor): Promise<void>
  signOutEverywhere(name: string, by: AdminActor): Promise<void>
  removeSecondFactor(name: string, by: AdminActor): Promise<void>
}

export function createAdminList(context: AdminContext): AdminList {
  const { directory, clock, config } = context
  const { store } = directory
  const { publicUrl } = config.admin

  /** One change of an administrator that there is. */
  async function change(
    name: string,
    by: AdminActor,
    decide: (record: AdminRecord, all: readonly AdminRecord[]) => Promise<AdminChange> | AdminChange,
  ): Promise<void> {
    await changeAsAdmin(context, by, async () => {
      const record = await readAdmin(store, name)
      if (record === undefined) throw new ChangeRefused(`There is no administrator "${name}".`)
      return await decide(record, await readAdmins(store))
    })
  }

  return {
    async list() {
      const all = await readAdmins(store)
      return all.map((record) => ({
        name: record.name,
        role: record.role,
        createdAt: record.createdAt,
        createdBy: record.createdBy,
        canSignIn: record.password !== null,
        hasSecondFactor: record.totp?.isConfirmed === true,
        lastSignIn: record.lastSignIn,
        isLastOwner: isLastOwner(record, all),
      }))
    },

    async firstLink() {
      let made: SetupLink | undefined
      await directory.commitFrom(async () => {
        if ((await readAdmins(store)).length > 0) return undefined
        const now = clock.now()
        const { link, record } = newSetupLink(null, { publicUrl, now })
        made = link
        const records = [...(await endedSetupLinks(store, null, now)), record]
        return { cause: { kind: 'server', id: 'first start' }, entries: [], records }
      })
      return made
    },

    async create(name, role, by) {
      requireAdminName(name)
      const now = clock.now()
      const { link, record } = newSetupLink(name, { publicUrl, now })
      await changeAsAdmin(context, by, async () => {
        if ((await readAdmin(store, name)) !== undefined)
          throw new ChangeRefused(`There is an administrator "${name}" already; use another name.`)
        const added = newAdmin(name, role, by.name, now)
        return {
          // What may be left of somebody of that name.
          records: [...removedAdmin(name), ...(await endedSetupLinks(store, name, now)), adminChange(added), record],
          action: { event: 'administrator created', subject: name, before: null, after: { role } },
        }
      })
      return link
    },

    async reset(name, by) {
      const now = clock.now()
      const { link, record: linkRecord } = newSetupLink(name, { publicUrl, now })
      await change(name, by, async (record) => {
        const { password, previous } = record
        const after: AdminRecord = {
          ...record,
          password: null,
          previous: password === null ? previous : [password.hash, ...previous],
          totp: null,
          epoch: newEpoch(),
        }
        return {
          records: [
            ...(await endedSetupLinks(store, name, now)),
            { collection: 'sealed', key: adminTotpKey(name), value: undefined },
            adminChange(after),
            linkRecord,
          ],
          action: { event: 'administrator reset', subject: record.name, before: shown(record), after: shown(after) },
        }
      })
      return link
    },

    setRole: (name, role, by) =>
      change(name, by, (record, all) => {
        if (role !== 'owner' && isLastOwner(record, all)) throw lastOwnerStays(record.name)
        const after = { ...record, role, epoch: newEpoch() }
        return {
          records: [adminChange(after)],
          action: { event: 'role changed', subject: record.name, before: { role: record.role }, after: { role } },
        }
      }),

    remove: (name, by) =>
      change(name, by, async (record, all) => {
        if (isLastOwner(record, all)) throw lastOwnerStays(record.name)
        return {
          records: [...removedAdmin(name), ...(await endedSetupLinks(store, name, clock.now()))],
          action: { event: 'administrator removed', subject: record.name, before: shown(record), after: null },
        }
      }),

    signOutEverywhere: (name, by) =>
      change(name, by, (record) => ({
        records: [adminChange({ ...record, epoch: newEpoch() })],
        action: { event: 'signed out everywhere', subject: record.name, before: null, after: null },
      })),

    removeSecondFactor: (name, by) =>
      change(name, by, (record) => {
        if (record.totp === null) throw new ChangeRefused(`${record.name} has no second factor.`)
        const after = { ...record, totp: null, epoch: newEpoch() }
        return {
          records: [{ collection: 'sealed', key: adminTotpKey(name), value: undefined }, adminChange(after)],
          action: { event: 'second factor removed', subject: record.name, before: shown(record), after: shown(after) },
        }
      }),
  }
}

export function newAdmin(name: string, role: Role, createdBy: string, now: Date): AdminRecord {
  return {
    name,
    role,
    createdAt: now.toISOString(),
    createdBy,
    password: null,
    previous: [],
    totp: null,
    epoch: newEpoch(),
    lastSignIn: null,
  }
}

/** Another value ends every session. */
export function newEpoch(): string {
  return randomBytes(12).toString('base64url')
}

/** What the audit has of an administrator. */
export function shown({ role, password, totp }: AdminRecord) {
  return { role, password: password === null ? null : 'set', secondFactor: totp?.isConfirmed ? 'set' : null }
}

function isLastOwner(record: AdminRecord, all: readonly AdminRecord[]): boolean {
  const isUsable = ({ role, password }: AdminRecord) => role === 'owner' && password !== null
  return (
    isUsable(record) && !all.some((other) => isUsable(other) && adminKey(other.name)[0] !== adminKey(record.name)[0])
  )
}

function lastOwnerStays(name: string): ChangeRefused {
  return new ChangeRefused(`${name} is the last Owner who can sign in, and stays one. Make somebody else Owner first.`)
}
