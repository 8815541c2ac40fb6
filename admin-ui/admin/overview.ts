import type { RequestHandler } from 'express'
import type { Administration } from './administration.ts'
import type { AdminPages } from './frame.ts'
import { overviewModel } from './overview-model.ts'

/** How the server fares. */
export function overviewPage(
  pages: AdminPages,
  { providers, figures, clock }: Pick<Administration, 'providers' | 'figures' | 'clock'>,
): RequestHandler {
  return async (request, response) => {
    pages.show(request, response, 'overview', overviewModel(await providers(), await figures(), clock.now()))
  }
}
