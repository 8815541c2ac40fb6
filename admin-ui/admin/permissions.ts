import type { Role } from '../../server/directory/administrators/admin-records.ts'

const everybody = ['owner', 'administrator', 'user-manager', 'auditor'] as const
const allButAuditor = ['owner', 'administrator', 'user-manager'] as const
const administrators = ['owner', 'administrator'] as const

/** Who may do what. Every page and every action of the API names one of these. */
const permissions = {
  /** Look at everything that is no secret. */
  look: everybody,
  /** Own password, second factor and sessions. */
  'own account': everybody,
  /** People's sign-in, enrollment. */
  users: allButAuditor,
  /** Providers: add, authorize, edit, filter, run, approve. */
  'directory sync': allButAuditor,
  'remove providers': administrators,
  binders: administrators,
  settings: administrators,
  tokens: administrators,
  /** Who administers this server, and in which role. */
  admins: ['owner'],
} as const satisfies Readonly<Record<string, readonly Role[]>>

export type Permission = keyof typeof permissions

export function may(role: Role, permission: Permission): boolean {
  const allowed: readonly Role[] = permissions[permission]
  return allowed.includes(role)
}

/** From the one who may do most. */
export function rolesThatMay(permission: Permission): readonly Role[] {
  return permissions[permission]
}

export const roleNames: Readonly<Record<Role, string>> = {
  owner: 'Owner',
  administrator: 'Administrator',
  'user-manager': 'User manager',
  auditor: 'Auditor',
}
