import type { Request, RequestHandler, Response } from 'express'
import type { Administration } from '../administration.ts'
import { adminOf } from '../access.ts'
import type { AdminPages } from '../frame.ts'
import { may } from '../permissions.ts'
import { syncModel } from './sync-model.ts'

/** Shows the page; `problem` is why a form of a provider was refused. */
export type ShowSync = (
  request: Request,
  response: Response,
  problem?: { readonly provider: string; readonly text: string },
) => Promise<void>

const shownRuns = 10

/** Every provider, what goes on, and what it did last. */
export function syncPage(pages: AdminPages, { sync, clock }: Pick<Administration, 'sync' | 'clock'>) {
  const show: ShowSync = async (request, response, problem) => {
    const facts = {
      providers: await sync.status(),
      runs: (await sync.list()).slice(0, shownRuns),
      waitingInvitations: (await sync.enrollments()).filter(({ waiting }) => waiting).length,
      reports: sync.reports(),
    }
    const model = syncModel(facts, clock.now())
    const isAbout = (id: string) => problem !== undefined && problem.provider === id
    pages.show(
      request,
      response,
      'sync/sync',
      {
        ...model,
        providers: model.providers.map((provider) => ({
          ...provider,
          problem: isAbout(provider.id) ? problem?.text : '',
          hasNotes: provider.hasNotes || isAbout(provider.id),
        })),
        mayAct: may(adminOf(response).role, 'directory sync'),
      },
      problem === undefined ? 200 : 422,
    )
  }
  const page: RequestHandler = (request, response) => show(request, response)
  return { show, page }
}
