import * as z from 'zod'
import { roles } from '../../../server/directory/administrators/admin-records.ts'
import { gridFields } from '../../query.ts'

export const tokensQuery = z.object(gridFields)

/** When a token ends: days from now, or `never`. */
export const lifetimes = ['30', '90', '365', 'never'] as const

export const tokenForm = z.object({
  name: z.string().trim().min(1, 'Give it a name.').describe('after what uses it'),
  role: z.enum(roles, 'Choose a role.').describe('what it may do'),
  lifetime: z.enum(lifetimes, 'Choose when it ends.').describe('days from now, or never'),
})

export const revokeForm = z.object({ sure: z.literal('yes', 'Tick the box first.') })
