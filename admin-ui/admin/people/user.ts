import type { Request, RequestHandler, Response } from 'express'
import type * as z from 'zod'
import type { AdminActor } from '../../../server/directory/administrators/admin-actions.ts'
import { ChangeRefused } from '../../../server/directory/credentials/change-refused.ts'
import { HttpProblem } from '../../http-problem.ts'
import { field } from '../../forms.ts'
import { actorOf, adminOf } from '../access.ts'
import type { Administration } from '../administration.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { appPasswordForm, blockForm, revokeForm } from './inputs.ts'
import { revokedText } from './revoked-text.ts'
import { addressOfRow } from './roster-text.ts'
import { type UserForm, userModel } from './user-model.ts'

/** One person: what is known, and what administrators do to their sign-in. */
export function userPages(
  pages: AdminPages,
  { people, sync, clock }: Pick<Administration, 'people' | 'sync' | 'clock'>,
) {
  async function show(request: Request, response: Response, problem?: { form: UserForm; text: string }) {
    const details = await people.person(idOf(request))
    if (details === undefined) throw new HttpProblem(404, 'There is nobody of this id, or not any more.')
    const typed =
      problem?.form === 'block' ? { reason: field(request, 'reason'), until: field(request, 'until') } : undefined
    const model = userModel({
      details,
      providers: people.providers(),
      mayChange: may(adminOf(response).role, 'users'),
      now: clock.now(),
      typed,
      problem,
    })
    pages.show(request, response, 'people/user', model, problem === undefined ? 200 : 422)
  }

  /** A form of the page: `act` does it and gives what was done, or answers by itself. */
  const form =
    <Schema extends z.ZodType>(
      name: UserForm,
      schema: Schema | undefined,
      act: (
        id: string,
        input: z.output<Schema>,
        by: AdminActor,
        answer: { readonly request: Request; readonly response: Response },
      ) => Promise<string | undefined>,
    ): RequestHandler =>
    async (request, response) => {
      const id = idOf(request)
      if ((await people.roster.person(id)) === undefined)
        throw new HttpProblem(404, 'There is nobody of this id, or not any more.')
      const read = schema?.safeParse(request.body)
      if (read?.success === false) {
        const [issue] = read.error.issues
        await show(request, response, { form: name, text: issue?.message ?? 'The form is not valid.' })
        return
      }
      try {
        // Of a form without fields nothing is read.
        const notice = await act(id, read?.data as z.output<Schema>, actorOf(request, response), { request, response })
        if (notice !== undefined) await done(request, response, addressOfRow('/admin/users', { id }), notice)
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        await show(request, response, { form: name, text: sentence(error.message) })
      }
    }

  return {
    show: ((request, response) => show(request, response)) satisfies RequestHandler,

    sync: form('sync', undefined, async (id, _input, by) =>
      sentence((await people.syncPerson(id, by)) ?? 'the sync goes on; look again in a minute'),
    ),

    resendInvitation: form('invitation', undefined, async (id, _input, by) => {
      const { address } = await sync.resendInvitation(id, by)
      return `A new link is on the way to ${address ?? 'the person'}. Older ones have ended.`
    }),

    resetPassword: form('password', undefined, async (id, _input, by, { request, response }) => {
      const password = await people.resetPassword(id, by)
      const person = await people.roster.person(id)
      const name = person?.displayName || (person?.name ?? '')
      const address = addressOfRow('/admin/users', { id })
      pages.show(request, response, 'people/one-time-password', {
        title: `A password for ${name}`,
        name,
        address,
        password,
      })
      return undefined
    }),

    revoke: form('revoke', revokeForm, async (id, { secondFactor }, by) =>
      revokedText(await people.revoke(id, { secondFactor }, by)),
    ),

    block: form('block', blockForm, async (id, block, by) => {
      await people.block(id, block, by)
      return 'Sign-in is blocked. Open connections end.'
    }),

    unblock: form('block', undefined, async (id, _input, by) =>
      (await people.unblock(id, by)) ? 'The block is lifted.' : 'There was no block.',
    ),

    revokeAppPassword: form('appPassword', appPasswordForm, async (id, { id: appPassword }, by) => {
      if (!(await people.revokeAppPassword(id, appPassword, by)))
        throw new ChangeRefused('There is no such app password, or not any more.')
      return 'The app password is revoked.'
    }),

    removeSecondFactor: form('secondFactor', undefined, async (id, _input, by) =>
      (await people.removeSecondFactor(id, by)) ? 'The second factor is removed.' : 'There was no second factor.',
    ),
  }
}

function idOf({ params }: Request): string {
  return String(params['id'])
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
