import * as z from 'zod'

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

/** ISO 8601, UTC. */
export const time = z.string().describe('ISO 8601, UTC.')

/** Problem details (RFC 9457). */
export const problem = z.object({
  type: z.string().describe('`about:blank`: the status says what kind it is.'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What is wrong, and what to do.'),
  errors: z
    .array(z.object({ pointer: z.string().describe('JSON Pointer into the body.'), detail: z.string() }))
    .optional()
    .describe('What is wrong, field by field.'),
})
