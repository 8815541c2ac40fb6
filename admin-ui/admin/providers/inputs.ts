import * as z from 'zod'
import { gridFields } from '../../query.ts'

/*
 * What addresses and small forms of providers hold. The large forms are drafts of settings, whose schema is that of the
 * configuration file.
 */

export const newQuery = z.object({
  type: z.enum(['entra', 'office365', 'okta']).optional().describe('type of provider'),
})

export const groupsQuery = z.object(gridFields)

export const suggestionsQuery = z.object({
  search: z.string().trim().min(4, 'four characters at least').max(200).describe('part of the name of a group'),
})

export const authorizeForm = z.object({
  purposes: z
    .enum(['users', 'groups', 'both'])
    .transform((text): readonly ('users' | 'groups')[] => (text === 'both' ? ['users', 'groups'] : [text]))
    .describe('what the account is authorized for'),
})

export const moveForm = z.object({ where: z.enum(['earlier', 'later']).describe('earlier or later in the order') })
