import type { Request, RequestHandler } from 'express'
import { HttpProblem } from '../http-problem.ts'

/** Refuses what another site's page sends in a person's name: forms are accepted from our own pages only. */
export const sameOrigin: RequestHandler = (request, _response, next) => {
  if (!isFromOwnPage(request)) throw new HttpProblem(403, 'This form was not sent from a page of this server.')
  next()
}

/** For pages with a form: lets the browser say where the form comes from, to this server alone. */
export const sameOriginReferrer: RequestHandler = (_request, response, next) => {
  response.setHeader('Referrer-Policy', 'same-origin')
  next()
}

/** A browser cannot be made to lie in these headers. Sec-Fetch-Site is missing on plain HTTP, and in old browsers. */
function isFromOwnPage(request: Request): boolean {
  const site = request.get('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin'
  const origin = URL.parse(request.get('origin') ?? '')
  return origin !== null && origin.host !== '' && origin.host === request.get('host')
}
