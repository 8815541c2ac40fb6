import type { RequestHandler } from 'express'
import type { RequireToken } from '../api/api-token.ts'
import { loopbackOnly } from './loopback-only.ts'

/** Lets through clients on this machine, and those elsewhere that bring a token of the API, whatever its role. */
export function localOrToken(requireToken: RequireToken): RequestHandler {
  return async (request, response, next) => {
    if (request.get('authorization') === undefined) {
      loopbackOnly(request, response, next)
      return
    }
    await requireToken(request, response, 'look')
    next()
  }
}
