import type { Request, Response } from 'express'
import type { UsedApiToken } from '../../server/directory/administrators/api-tokens.ts'
import { networkOf } from '../../server/runtime/address-network.ts'
import type { Administration } from '../admin/administration.ts'
import { may, type Permission, roleNames } from '../admin/permissions.ts'
import { addressOf } from '../client-address.ts'
import { HttpProblem } from '../http-problem.ts'
import { createRateLimit } from './rate-limit.ts'

/**
 * The token that a request brings (RFC 6750 §2.1). Throws an HttpProblem with 401, 403 when its role may not, or 429 with
 * `Retry-After`: of a token that calls too often, and of an address that brings too many which are no good.
 */
export type RequireToken = (request: Request, response: Response, permission: Permission) => Promise<UsedApiToken>

/** Of one token; a page of 500 items is one call. */
const calls = { burst: 1000, perSecond: 50, mostKeys: 500 }
/** Of one address. A token cannot be guessed: who has a good one is not kept out by others behind the same address. */
const failures = { burst: 30, perSecond: 0.5, mostKeys: 10_000 }

export function tokenCheck({ administrators, clock }: Pick<Administration, 'administrators' | 'clock'>): RequireToken {
  const callsOf = createRateLimit(calls, () => clock.now())
  const failuresOf = createRateLimit(failures, () => clock.now())

  return async (request, response, permission) => {
    const address = addressOf(request)
    const [, given] = /^Bearer ([\w.~+/=-]+)$/i.exec(request.get('authorization') ?? '') ?? []
    const token = given === undefined ? undefined : await administrators.apiTokens.use(given, address)
    if (token === undefined) {
      refuseTooMany(
        response,
        failuresOf.take(networkOf(address)),
        'Too many calls from this address had no good token.',
      )
      response.setHeader('WWW-Authenticate', 'Bearer realm="Rosterd"')
      throw new HttpProblem(
        401,
        given === undefined
          ? 'Send a token of the API: Authorization: Bearer TOKEN. An administrator makes one on the page "API tokens".'
          : 'The token is unknown, revoked or expired.',
      )
    }
    refuseTooMany(response, callsOf.take(token.id), 'This token calls too often.')
    if (!may(token.role, permission))
      throw new HttpProblem(403, `A token with the role ${roleNames[token.role]} may not do this.`)
    return token
  }
}

/** `wait`: seconds; undefined: they are not too many. */
function refuseTooMany(response: Response, wait: number | undefined, detail: string): void {
  if (wait === undefined) return
  response.setHeader('Retry-After', String(wait))
  throw new HttpProblem(429, `${detail} Call again in ${wait} ${wait === 1 ? 'second' : 'seconds'}.`)
}
