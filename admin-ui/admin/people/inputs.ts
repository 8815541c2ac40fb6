import { isIP } from 'node:net'
import * as z from 'zod'
import { readinesses, rosterStatuses } from '../../../sync/roster/roster-filter.ts'
import { gridFields } from '../../query.ts'

const rosterFields = {
  ...gridFields,
  reason: z.string().max(100).optional().describe('setting that decided over the status'),
  type: z.string().max(100).optional().describe('type of the provider that decides'),
  provider: z.string().max(100).optional().describe('id of the provider that decides'),
}

export const usersQuery = z.object({
  ...rosterFields,
  status: z
    .enum([...rosterStatuses, 'blocked'])
    .optional()
    .describe('user status; blocked: by an administrator here'),
  signIn: z.enum(readinesses).optional().describe('what somebody could sign in with'),
})

export const accessReviewQuery = z.object({
  group: z.string().trim().min(1).max(500).optional().describe('cn or DN of a group; without it everybody'),
  at: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })])
    .optional()
    .transform((when) => when && (when.includes('T') ? new Date(when).toISOString() : `${when}T23:59:59.999Z`))
    .describe('who had access then: the end of this day, in UTC, or a time; without it now'),
})

export const groupsQuery = z.object({
  ...rosterFields,
  status: z.enum(rosterStatuses).optional().describe('status of the group'),
})

export type UsersQuery = z.output<typeof usersQuery>
export type GroupsQuery = z.output<typeof groupsQuery>

export const explainQuery = z.object({
  name: z.string().trim().max(300).default('').describe('user name, address, DN, entryUUID or immutable id'),
  address: z.string().trim().max(100).optional().describe('IP address of the client of the bind'),
  binder: z.string().max(100).optional().describe('service account with which the client looks people up'),
})

export function isClientAddress(text: string): boolean {
  return isIP(text) !== 0
}

export type ExplainQuery = z.output<typeof explainQuery>

export const membersQuery = z.object({ page: gridFields.page })

const ticked = z
  .string()
  .optional()
  .transform((text) => text === 'yes')

export const revokeForm = z.object({
  secondFactor: ticked.describe('Take away the second factor too.'),
  sure: z.literal('yes', 'Tick that you are sure.').describe('It cannot be taken back.'),
})

export const blockForm = z.object({
  reason: z
    .string()
    .trim()
    .min(1, 'A block needs a reason, for those who will find it.')
    .max(300, 'Say it in 300 characters.')
    .describe('Why, for those who will find it.'),
  until: z
    .union([z.literal(''), z.iso.datetime({ local: true, error: 'Give day and time, such as 2026-12-31T18:00.' })])
    .default('')
    .transform((text) => (text === '' ? undefined : new Date(`${text}Z`)))
    .describe('ISO 8601, UTC; empty: until it is lifted.'),
})

export const appPasswordForm = z.object({ id: z.string().min(1).max(100).describe('Id of the app password.') })
