import * as z from 'zod'
import type { SourceRecord } from '../admin/people/services.ts'

/** What lists of users and of groups have of each. */
export const rosterRow = z.object({
  id: z.string().describe('entryUUID; `<provider>:<immutable id>` where none was given.'),
  entryUUID: z.string().nullable(),
  name: z.string().describe('User name or cn.'),
  displayName: z.string(),
  mail: z.string().describe('Empty: none.'),
  provider: z.string().describe('That decides.'),
  sources: z.array(z.string()).describe('`<provider>:<immutable id>`, the one that decides first.'),
  rule: z.string().describe('Setting that decided over the status, or `none`.'),
  reason: z.string().describe('The same in words.'),
  isServed: z.boolean().describe('There is an entry.'),
})

export const namedEntry = z.object({ entryUUID: z.string(), name: z.string() })

export const servedEntry = z.object({
  dn: z.string(),
  attributes: z
    .array(z.tuple([z.string(), z.array(z.string())]))
    .describe('Name and values; octets that are no text are `base64:…`.'),
})

export const source = z
  .object({
    provider: z.string(),
    id: z.string(),
    status: z.string().nullable(),
    rule: z.string().nullable(),
    reason: z.string().nullable(),
    note: z.string().nullable(),
    record: z.record(z.string(), z.unknown()).nullable().describe('As the provider has it.'),
    place: z.object({ label: z.string(), address: z.string().nullable() }).nullable().describe('Where it is changed.'),
  })
  .meta({ id: 'Source' })

export function shownSource({ decision, ...found }: SourceRecord) {
  const { status = null, rule = null, reason = null, note = null } = decision ?? {}
  return { ...found, status, rule, reason, note }
}
