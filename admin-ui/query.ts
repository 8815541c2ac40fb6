import type { Request } from 'express'
import * as z from 'zod'
import { HttpProblem } from './http-problem.ts'

/**
 * What the address of a page asks for, by a schema of its area's `inputs.ts`. An empty field, as a form sends it where
 * nothing was chosen, counts as missing. Throws an HttpProblem with 400 that names the field.
 */
export function queryOf<Schema extends z.ZodType>({ query }: Request, schema: Schema): z.output<Schema> {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  const read = schema.safeParse(Object.fromEntries(given))
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new HttpProblem(
    400,
    `The address asks for what there is not: ${issue?.path.join('.') ?? ''}: ${issue?.message}.`,
  )
}

/** What every list may be asked for. */
export const gridFields = {
  search: z.string().trim().max(200).default('').describe('text to look for'),
  page: z.coerce.number().int().min(1).max(1_000_000).default(1).describe('which page, from 1'),
}
