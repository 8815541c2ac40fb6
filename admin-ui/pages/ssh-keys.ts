import type { RequestHandler } from 'express'
import * as z from 'zod'
import type { PeopleServices } from '../admin/people/services.ts'
import type { RequireToken } from '../api/api-token.ts'
import { HttpProblem } from '../http-problem.ts'
import { queryOf } from '../query.ts'

const sshKeysQuery = z.object({
  user: z.string().min(1).max(256).describe('user name'),
  hostname: z.string().max(256).optional().describe('host that asks; it decides over nothing'),
})

/** For AuthorizedKeysCommand of sshd: the keys of a person, one a line; nothing of whom may not log in. */
export function sshKeys(requireToken: RequireToken, { sshKeysOf }: Pick<PeopleServices, 'sshKeysOf'>): RequestHandler {
  return async (request, response) => {
    await requireToken(request, response, 'look')
    const { user } = queryOf(request, sshKeysQuery)
    const keys = await sshKeysOf(user)
    if (keys === undefined)
      throw new HttpProblem(503, 'Not every provider has been read yet. Ask again when /readyz says that it is ready.')
    response.type('text/plain').send(keys.map((key) => `${key}\n`).join(''))
  }
}
