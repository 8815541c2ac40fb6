import * as z from 'zod'

export const logQuery = z.object({
  search: z.string().trim().max(200).default('').describe('part of a name, or of a reason'),
  address: z.string().trim().max(100).optional().describe('beginning of the address of the client'),
  operation: z.string().max(60).optional().describe('LDAP operation'),
  result: z.string().max(60).optional().describe('result code by its RFC 4511 name; failure: anything but success'),
  before: z.coerce.number().int().min(1).optional().describe('number of an operation: those before it'),
})

export type LogQuery = z.output<typeof logQuery>
