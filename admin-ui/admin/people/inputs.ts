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

export const groupsQuery = z.object({
  ...rosterFields,
  status: z.enum(rosterStatuses).optional().describe('status of the group'),
})

export type UsersQuery = z.output<typeof usersQuery>
export type GroupsQuery = z.output<typeof groupsQuery>
