import * as z from 'zod'
import { roles } from '../../server/directory/administrators/admin-records.ts'

/** Nothing, for operations without parameters or query. */
export const none = z.strictObject({})

/** What every listing takes. */
export const pageQuery = {
  search: z.string().trim().max(200).default('').describe('Text to look for.'),
  page: z.coerce.number().int().min(1).max(1_000_000).default(1).describe('Which page, from 1.'),
  pageSize: z.coerce.number().int().min(1).max(500).default(50).describe('Items on a page.'),
}

/** A page of a listing. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    total: z.int().describe('Items on all pages.'),
    page: z.int(),
    pageSize: z.int(),
  })
}

/** Of administrators and tokens. */
export const role = z.enum(roles)

/** ISO 8601, UTC. */
export const time = z.string().describe('ISO 8601, UTC.')

/** Problem details (RFC 9457). */
export const problem = z
  .object({
    type: z.string().describe('`about:blank`: the status says what kind it is.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong, and what to do.'),
    errors: z
      .array(z.object({ pointer: z.string().describe('JSON Pointer into the body.'), detail: z.string() }))
      .optional()
      .describe('What is wrong, field by field.'),
  })
  .meta({ id: 'Problem' })

/** One page of a listing that is there as a whole. */
export function pageOfAll<Item>(
  all: readonly Item[],
  { page, pageSize }: { readonly page: number; readonly pageSize: number },
) {
  return { items: all.slice((page - 1) * pageSize, page * pageSize), total: all.length, page, pageSize }
}

/** How far somebody's enrollment by mail is. */
export const enrollmentFields = {
  state: z.enum(['invited', 'enrolled']),
  waiting: z.boolean().describe('The invitation is not mailed before an administrator says so.'),
  emailVerified: z.boolean(),
  address: z.string().nullable(),
  firstInvited: time,
  lastMailed: time.nullable(),
  mailedCount: z.int(),
  refused: z.string().nullable().describe('Why the last mail did not arrive.'),
  enrolled: time.nullable(),
}
