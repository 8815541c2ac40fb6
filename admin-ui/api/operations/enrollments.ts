import * as z from 'zod'
import type { Administration } from '../../admin/administration.ts'
import { enrollmentQuery } from '../../admin/sync/inputs.ts'
import { wantedEnrollments } from '../../admin/sync/wanted-enrollments.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { enrollmentFields, pageOf, pageOfAll, pageQuery } from '../schemas.ts'

const enrollment = z
  .object({ entryUUID: z.string(), name: z.string(), provider: z.string(), id: z.string(), ...enrollmentFields })
  .meta({ id: 'Enrollment' })

/** People who are enrolled by mail. */
export function enrollmentOperations({ sync }: Pick<Administration, 'sync'>): readonly Operation[] {
  const operation = operationsOf('Enrollment')
  return [
    operation({
      method: 'GET',
      path: '/enrollments',
      id: 'listEnrollments',
      summary: 'Everybody who is enrolled by mail, by name.',
      permission: 'look',
      query: z.strictObject({ ...enrollmentQuery.shape, pageSize: pageQuery.pageSize }),
      answer: pageOf(enrollment),
      handle: async ({ query }) => pageOfAll(wantedEnrollments(await sync.enrollments(), query), query),
    }),
    operation({
      method: 'POST',
      path: '/enrollments/send',
      id: 'sendInvitations',
      summary: 'Mails the invitations that wait.',
      permission: 'users',
      body: z.strictObject({ count: z.int().min(0).describe('How many wait: otherwise nothing is done.') }),
      answer: z.object({ sent: z.int() }),
      handle: async ({ body }, { by }) => ({ sent: await sync.sendInvitations(body.count, by) }),
    }),
    operation({
      method: 'POST',
      path: '/enrollments/{entryUUID}/resend',
      id: 'resendInvitation',
      summary: 'Mails a new link; those before it end.',
      permission: 'users',
      params: z.object({ entryUUID: z.string() }),
      answer: enrollment,
      handle: ({ params }, { by }) => sync.resendInvitation(params.entryUUID, by),
    }),
  ]
}
