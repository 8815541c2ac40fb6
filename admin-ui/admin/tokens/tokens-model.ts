import { type Role, roles } from '../../../server/directory/administrators/admin-records.ts'
import type { ListedApiToken } from '../../../server/directory/administrators/api-tokens.ts'
import { choiceField, type FormField, textField } from '../../form-field.ts'
import { type State, stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import { roleHelp } from '../admins-model.ts'
import { roleNames } from '../permissions.ts'
import { lifetimes } from './inputs.ts'

export const tokensPath = '/admin/tokens'

const soonMs = 14 * 86_400_000

export function tokenRow(token: ListedApiToken, now: Date) {
  const { id, name, role, createdAt, createdBy, expiresAt, lastUse } = token
  return {
    name,
    address: `${tokensPath}/${encodeURIComponent(id)}`,
    roleName: roleNames[role],
    state: stateOfToken(token, now),
    ends: expiresAt === null ? null : timeOf(expiresAt, now),
    lastUse: lastUse && { at: timeOf(lastUse.at, now), address: lastUse.address },
    created: timeOf(createdAt, now),
    createdBy,
  }
}

function stateOfToken({ isExpired, expiresAt }: ListedApiToken, now: Date): State {
  if (isExpired) return stateOf('off', 'Ended')
  const isSoon = expiresAt !== null && Date.parse(expiresAt) - now.getTime() < soonMs
  return isSoon ? stateOf('warn', 'Ends soon') : stateOf('good', 'Valid')
}

/** Those that may do no more than whoever gives them. */
export function givenRoles(byRole: Role): readonly Role[] {
  return roles.slice(roles.indexOf(byRole))
}

const lifetimeNames: Readonly<Record<(typeof lifetimes)[number], string>> = {
  '30': 'In 30 days',
  '90': 'In 90 days',
  '365': 'In a year',
  never: 'Never',
}

/** What was typed, and what is wrong with it. */
export interface TypedToken {
  readonly name: string
  readonly role: string
  readonly lifetime: string
  readonly problems: Readonly<Record<string, string>>
}

export const noToken: TypedToken = { name: '', role: 'auditor', lifetime: '90', problems: {} }

export function tokenFields({ name, role, lifetime, problems }: TypedToken, byRole: Role): readonly FormField[] {
  const problem = (field: string) => problems[field] ?? ''
  return [
    textField('name', 'Name', name, {
      help: 'After what uses it, such as terraform or web-hosts.',
      isRequired: true,
      problem: problem('name'),
    }),
    choiceField(
      'role',
      'Role',
      role,
      givenRoles(byRole).map((one) => [one, `${roleNames[one]}: ${roleHelp[one]}`]),
      {
        help: 'What it may do, as an administrator of that role.',
        problem: problem('role'),
      },
    ),
    choiceField(
      'lifetime',
      'Ends',
      lifetime,
      lifetimes.map((one) => [one, lifetimeNames[one]]),
      { help: 'It can be revoked at any time.', problem: problem('lifetime') },
    ),
  ]
}
