import { ChangeRefused } from '../credentials/change-refused.ts'
import type { Json, RecordChange, RecordReader } from '../directory-store.ts'

/*
 * Administrators who sign in here: the `admin` collection, at [name in lower case]. The secret of a second factor is sealed
 * at ['admin-totp', name in lower case].
 */

/** From the one who may do everything to the one who may look. */
export const roles = ['owner', 'administrator', 'user-manager', 'auditor'] as const

export type Role = (typeof roles)[number]

export type AdminRecord = {
  /** As it was given. */
  readonly name: string
  readonly role: Role
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly createdBy: string
  /** null: none yet, or it was reset; a setup link leads to one. */
  readonly password: {
    /** bcrypt. */
    readonly hash: string
    readonly setAt: string
  } | null
  /** Hashes of passwords before it, latest first. */
  readonly previous: readonly string[]
  readonly totp: {
    /** Whether a code was given once: before that it is not asked for. */
    readonly isConfirmed: boolean
    /** Time step of the last code taken. */
    readonly lastStep: number
  } | null
  /** Sessions that began with another value are over. Random, so that it is never the same again. */
  readonly epoch: string
  readonly lastSignIn: { readonly at: string; readonly address: string } | null
}

function isAdminName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._@+-]{0,63}$/i.test(name)
}

/** Throws {@link ChangeRefused} for what cannot be the name of an administrator. */
export function requireAdminName(name: string): void {
  if (!isAdminName(name))
    throw new ChangeRefused(
      'Use a name of letters, digits and . _ @ + -, at most 64, that begins with a letter or digit.',
    )
}

export function isRole(text: string): text is Role {
  return roles.some((role) => role === text)
}

export function adminKey(name: string): readonly string[] {
  return [name.toLowerCase()]
}

export function adminTotpKey(name: string): readonly string[] {
  return ['admin-totp', name.toLowerCase()]
}

export function adminChange(record: AdminRecord): RecordChange {
  return { collection: 'admin', key: adminKey(record.name), value: record }
}

/** Also takes away the second factor. */
export function removedAdmin(name: string): readonly RecordChange[] {
  return [
    { collection: 'admin', key: adminKey(name), value: undefined },
    { collection: 'sealed', key: adminTotpKey(name), value: undefined },
  ]
}

export async function readAdmin(store: RecordReader, name: string): Promise<AdminRecord | undefined> {
  return isAdminName(name) ? adminOf(await store.get('admin', adminKey(name))) : undefined
}

/** By name. */
export async function readAdmins(store: RecordReader): Promise<readonly AdminRecord[]> {
  const found: AdminRecord[] = []
  for await (const { value } of store.list('admin')) {
    const record = adminOf(value)
    if (record) found.push(record)
  }
  return found
}

function adminOf(value: Json | undefined): AdminRecord | undefined {
  return typeof value === 'object' && value !== null ? (value as AdminRecord) : undefined // written by `adminChange`
}
