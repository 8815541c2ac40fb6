import * as z from 'zod'
import type { Administration } from '../../admin/administration.ts'
import { logQuery } from '../../admin/logs/inputs.ts'
import { wantedOperations } from '../../admin/logs/wanted-operations.ts'
import { firstOf } from '../../first-of.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { pageQuery, time } from '../schemas.ts'

const logged = z
  .object({
    number: z.int(),
    time,
    operation: z.string(),
    name: z.string().describe('That the client sent; empty: none.'),
    address: z.string().describe('Of the client.'),
    identity: z.string().describe('Who was bound.'),
    result: z.string().describe('Result code by its RFC 4511 name.'),
    reason: z.string().describe('What the client was not told.'),
    durationMs: z.number(),
    entries: z.int().nullable().describe('That a search gave.'),
    isUnindexed: z.boolean(),
  })
  .meta({ id: 'LoggedOperation' })

const action = z
  .object({
    time,
    by: z.string(),
    address: z.string().nullable().describe('null: on the command line.'),
    event: z.string(),
    subject: z.string(),
    before: z.unknown(),
    after: z.unknown(),
  })
  .meta({ id: 'Action' })

/** What clients did, and what administrators did. */
export function logOperations({ logs, actions }: Pick<Administration, 'logs' | 'actions'>): readonly Operation[] {
  const operation = operationsOf('Logs')
  const { pageSize } = pageQuery
  return [
    operation({
      method: 'GET',
      path: '/logs/ldap',
      id: 'listLdapOperations',
      summary: `Binds and other notable LDAP operations of the last days, latest first.`,
      permission: 'look',
      query: z.strictObject({ ...logQuery.shape, pageSize }),
      answer: z.object({
        items: z.array(logged),
        before: z.int().nullable().describe('For the next page; null: these were all.'),
      }),
      async handle({ query }) {
        const found = await firstOf(wantedOperations(logs, query), query.pageSize + 1)
        const items = found.slice(0, query.pageSize)
        return { items, before: found.length > items.length ? (items.at(-1)?.number ?? null) : null }
      },
    }),
    operation({
      method: 'GET',
      path: '/logs/actions',
      id: 'listActions',
      summary: 'What administrators did, latest first.',
      permission: 'look',
      query: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
      answer: z.array(action),
      handle: ({ query }) => actions(query.limit),
    }),
  ]
}
