import type { Request, RequestHandler, Response } from 'express'
import { countOf } from '../../counts.ts'
import { HttpProblem } from '../../http-problem.ts'
import { actorOf } from '../access.ts'
import { formOf } from '../form.ts'
import { done } from '../frame.ts'
import { pauseForm, startForm } from './inputs.ts'
import { inPatience } from './patience.ts'
import { refusalText } from './refusal.ts'
import type { ProviderSync, SyncServices } from './services.ts'
import type { ShowSync } from './sync.ts'

/** What can be done to a provider on the page of the sync. */
export function providerForms(show: ShowSync, sync: SyncServices) {
  /** A refused form is shown with the page it stands on. */
  const form =
    (handle: (request: Request, response: Response, provider: ProviderSync) => Promise<void>): RequestHandler =>
    async (request, response) => {
      const provider = (await sync.status()).find(({ id }) => id === request.params['provider'])
      if (provider === undefined) throw new HttpProblem(404, 'There is no such provider, or not any more.')
      try {
        await handle(request, response, provider)
      } catch (error) {
        await show(request, response, { provider: provider.id, text: refusalText(error) })
      }
    }

  return {
    start: form(async (request, response, { id, name }) => {
      const { full } = formOf(request, startForm)
      const hasBegun = await sync.start(id, full === 'yes', actorOf(request, response))
      await done(
        request,
        response,
        '/admin/sync',
        hasBegun ? 'Sync initiated successfully' : `A sync of ${name} waits for its turn already.`,
      )
    }),

    pause: form(async (request, response, { id, name }) => {
      const { reason } = formOf(request, pauseForm)
      const paused = await inPatience(sync.pause(id, reason, actorOf(request, response)))
      const notice =
        paused === undefined ? `${name} is paused once the sync that is under way has ended.` : `${name} is paused.`
      await done(request, response, '/admin/sync', notice)
    }),

    resume: form(async (request, response, { id, name }) => {
      const resumed = await inPatience(sync.resume(id, actorOf(request, response)))
      const what =
        resumed === undefined
          ? 'what has waited is being applied.'
          : `${countOf(resumed.result.changesInAll, 'change was', 'changes were')} applied.`
      await done(request, response, '/admin/sync', `${name} is resumed: ${what}`)
    }),
  }
}
