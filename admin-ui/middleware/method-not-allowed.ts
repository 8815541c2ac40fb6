import type { RequestHandler } from 'express'
import { HttpProblem } from '../http-problem.ts'

/** Ends a route: 405 with the methods that the path has (RFC 9110 §15.5.6). */
export function methodNotAllowed(allowed: readonly string[]): RequestHandler {
  const allow = allowed.join(', ')
  return (_request, response) => {
    response.setHeader('Allow', allow)
    throw new HttpProblem(405, `This address answers ${allow}.`)
  }
}
