import type { AdminAction } from '../../server/directory/administrators/admin-actions.ts'
import type { ListedAdmin } from '../../server/directory/administrators/admin-list.ts'
import type { ListedOidcAdmin } from '../../server/directory/administrators/oidc-admins.ts'
import { type Role, roles } from '../../server/directory/administrators/admin-records.ts'
import type { Json } from '../../server/directory/directory-store.ts'
import { stateOf } from '../state.ts'
import { timeOf } from '../time.ts'
import { roleNames } from './permissions.ts'
import { descending } from '../../server/runtime/order.ts'

/** What a role is for, in a line. */
export const roleHelp: Readonly<Record<Role, string>> = {
  owner: 'everything, and who administers',
  administrator: 'everything but who administers',
  'user-manager': 'users, enrollment, directory sync',
  auditor: 'looks, and changes nothing',
}

export function roleChoices(chosen: string) {
  return roles.map((role) => ({ role, name: roleNames[role], help: roleHelp[role], isChosen: role === chosen }))
}

export function adminRow(admin: ListedAdmin, now: Date) {
  const { name, role, canSignIn, hasSecondFactor, lastSignIn, createdAt, createdBy, isLastOwner } = admin
  return {
    name,
    address: `/admin/admins/${encodeURIComponent(name)}`,
    roleName: roleNames[role],
    state: canSignIn ? stateOf('good', 'Can sign in') : stateOf('warn', 'Waits for the setup link to be used'),
    secondFactor: hasSecondFactor ? stateOf('good', 'On') : stateOf('off', 'Off'),
    hasSecondFactor,
    lastSignIn: lastSignIn && { at: timeOf(lastSignIn.at, now), address: lastSignIn.address },
    created: timeOf(createdAt, now),
    createdBy,
    isLastOwner,
  }
}

/** A group of a provider may have many members. */
const shownOidcAdmins = 100

/** Latest sign-in first. */
export function oidcAdminsModel(admins: readonly ListedOidcAdmin[], now: Date) {
  const latest = admins.toSorted(descending(({ lastSignIn }) => lastSignIn.at)).slice(0, shownOidcAdmins)
  return {
    oidcAdmins: latest.map((admin) => oidcAdminRow(admin, now)),
    omittedOidcAdmins: admins.length - latest.length,
  }
}

function oidcAdminRow({ name, displayName, provider, role, lastSignIn }: ListedOidcAdmin, now: Date) {
  return {
    name,
    displayName,
    provider,
    state: role === undefined ? stateOf('off', 'Not any more') : stateOf('good', roleNames[role]),
    lastSignIn: { at: timeOf(lastSignIn.at, now), address: lastSignIn.address },
  }
}

export function actionRow({ time, by, address, event, subject, before, after }: AdminAction, now: Date) {
  return {
    time: timeOf(time, now),
    by,
    from: address ?? 'command line',
    event,
    subject,
    change: before === null && after === null ? '' : `${valueText(before)} → ${valueText(after)}`,
  }
}

function valueText(value: Json): string {
  if (value === null) return 'none'
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value)
  return Object.entries(value)
    .map(([name, each]) => `${name}: ${valueText(each)}`)
    .join(', ')
}
