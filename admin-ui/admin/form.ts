import type { Request } from 'express'
import type * as z from 'zod'
import { ChangeRefused } from '../../server/directory/credentials/change-refused.ts'

/** What a form holds, by a schema of its area's `inputs.ts`. Throws ChangeRefused with what is wrong with the first field that is. */
export function formOf<Schema extends z.ZodType>({ body }: Request, schema: Schema): z.output<Schema> {
  const read = schema.safeParse(body ?? {})
  if (read.success) return read.data
  throw new ChangeRefused(read.error.issues[0]?.message ?? 'The form is not complete.')
}
