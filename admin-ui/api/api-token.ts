import type { Request, Response } from 'express'
import type { Administrators } from '../../server/directory/administrators/administrators.ts'
import type { UsedApiToken } from '../../server/directory/administrators/api-tokens.ts'
import { HttpProblem } from '../http-problem.ts'
import { addressOf } from '../client-address.ts'
import { may, type Permission, roleNames } from '../admin/permissions.ts'

/** The token that a request brings (RFC 6750 §2.1). Throws an HttpProblem with 401, or 403 when its role may not. */
export async function requireToken(
  { apiTokens }: Pick<Administrators, 'apiTokens'>,
  request: Request,
  response: Response,
  permission: Permission,
): Promise<UsedApiToken> {
  const [, given] = /^Bearer ([\w.~+/=-]+)$/i.exec(request.get('authorization') ?? '') ?? []
  const token = given === undefined ? undefined : await apiTokens.use(given, addressOf(request))
  if (token === undefined) {
    response.setHeader('WWW-Authenticate', 'Bearer realm="Rosterd"')
    throw new HttpProblem(
      401,
      given === undefined
        ? 'Send a token of the API: Authorization: Bearer TOKEN. An administrator makes one on the page "API tokens".'
        : 'The token is unknown, revoked or expired.',
    )
  }
  if (!may(token.role, permission))
    throw new HttpProblem(403, `A token with the role ${roleNames[token.role]} may not do this.`)
  return token
}
