import * as z from 'zod'
import type { Administration } from '../../admin/administration.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { role, time } from '../schemas.ts'

const token = z
  .object({
    id: z.string(),
    name: z.string(),
    role,
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time.nullable().describe('null: until it is revoked.'),
    isExpired: z.boolean(),
    lastUse: z.object({ at: time, address: z.string() }).nullable().describe('To the hour.'),
  })
  .meta({ id: 'ApiToken' })

/** Tokens of this API. */
export function tokenOperations({
  administrators: { apiTokens },
}: Pick<Administration, 'administrators'>): readonly Operation[] {
  const operation = operationsOf('API tokens')
  return [
    operation({
      method: 'GET',
      path: '/tokens',
      id: 'listTokens',
      summary: 'Tokens of the API.',
      permission: 'look',
      answer: z.array(token),
      handle: () => apiTokens.list(),
    }),
    operation({
      method: 'POST',
      path: '/tokens',
      id: 'createToken',
      summary: 'Makes a token, which is told once.',
      permission: 'tokens',
      body: z.strictObject({
        name: z.string().describe('Letters, digits and . _ @ + -.'),
        role: role.describe('What it may do; no more than who makes it.'),
        expiresAt: z.iso.datetime().nullable().default(null).describe('ISO 8601, UTC; null: until it is revoked.'),
      }),
      answer: z.object({ token: z.string().describe('Not to be had again.') }),
      async handle({ body: { name, role, expiresAt } }, { by, ...maker }) {
        const until = expiresAt === null ? null : new Date(expiresAt)
        return { token: await apiTokens.create({ name, role, expiresAt: until }, by, maker) }
      },
    }),
    operation({
      method: 'DELETE',
      path: '/tokens/{id}',
      id: 'revokeToken',
      summary: 'Revokes a token, at once.',
      permission: 'tokens',
      params: z.object({ id: z.string() }),
      handle: ({ params: { id } }, { by }) => apiTokens.revoke(id, by),
    }),
  ]
}
