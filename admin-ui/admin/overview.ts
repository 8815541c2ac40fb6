import type { RequestHandler } from 'express'
import type { Administration } from './administration.ts'
import type { AdminPages } from './frame.ts'
import { overviewModel } from './overview-model.ts'

/** How the server fares. */
export function overviewPage(
  pages: AdminPages,
  { notReady, providers, figures, clock }: Pick<Administration, 'notReady' | 'providers' | 'figures' | 'clock'>,
): RequestHandler {
  return async (request, response) => {
    pages.show(
      request,
      response,
      'overview',
      overviewModel({ notReady: notReady(), providers: await providers(), figures: await figures() }, clock.now()),
    )
  }
}
