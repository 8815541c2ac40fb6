import type { RequestHandler } from 'express'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { tokensPages } from './tokens.ts'

/** Tokens of the API. `fresh` stands before what lets somebody in. */
export function tokenRoutes(
  pages: AdminPages,
  services: Pick<Administration, 'administrators' | 'publicUrl' | 'clock'>,
  fresh: RequestHandler,
): readonly AdminRoute[] {
  const tokens = tokensPages(pages, services)
  return [
    ['GET', '/admin/tokens', 'look', tokens.list],
    ['POST', '/admin/tokens', 'tokens', fresh, tokens.create],
    ['GET', '/admin/tokens/:id', 'look', tokens.show],
    ['POST', '/admin/tokens/:id/revoke', 'tokens', tokens.revoke],
  ]
}
