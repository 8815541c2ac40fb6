import type { Request, RequestHandler, Response } from 'express'
import type { ListedApiToken } from '../../../server/directory/administrators/api-tokens.ts'
import { ChangeRefused } from '../../../server/directory/credentials/change-refused.ts'
import { field } from '../../forms.ts'
import { gridOf, rowsOfPage } from '../../grid.ts'
import { HttpProblem } from '../../http-problem.ts'
import { queryOf } from '../../query.ts'
import { actorOf, adminOf } from '../access.ts'
import type { Administration } from '../administration.ts'
import { formOf } from '../form.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { revokeForm, tokenForm, tokensQuery } from './inputs.ts'
import { givenRoles, noToken, tokenFields, tokenRow, tokensPath, type TypedToken } from './tokens-model.ts'

const dayMs = 86_400_000

/** Tokens of the API. */
export function tokensPages(
  pages: AdminPages,
  { administrators: { apiTokens }, publicUrl, clock }: Pick<Administration, 'administrators' | 'publicUrl' | 'clock'>,
) {
  async function showList(request: Request, response: Response, typed: TypedToken) {
    const now = clock.now()
    const { role } = adminOf(response)
    const { search, page } = queryOf(request, tokensQuery)
    const found = (await apiTokens.list()).filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()))
    const model = {
      title: 'API tokens',
      grid: gridOf({ path: tokensPath, search, searchLabel: 'Name', filters: [], page, total: found.length }),
      tokens: rowsOfPage(found, page).map((token) => tokenRow(token, now)),
      mayChange: may(role, 'tokens'),
      fields: tokenFields(typed, role),
    }
    pages.show(request, response, 'tokens/tokens', model, Object.keys(typed.problems).length === 0 ? 200 : 422)
  }

  async function known({ params }: Request): Promise<ListedApiToken> {
    const found = (await apiTokens.list()).find(({ id }) => id === params['id'])
    if (found === undefined) throw new HttpProblem(404, 'There is no such token, or not any more.')
    return found
  }

  function showOne(request: Request, response: Response, token: ListedApiToken, problem = '') {
    const mayChange = may(adminOf(response).role, 'tokens')
    const model = { title: token.name, token: tokenRow(token, clock.now()), mayChange, problem }
    pages.show(request, response, 'tokens/token', model, problem === '' ? 200 : 422)
  }

  return {
    list: ((request, response) => showList(request, response, noToken)) satisfies RequestHandler,

    show: (async (request, response) => {
      showOne(request, response, await known(request))
    }) satisfies RequestHandler,

    create: (async (request, response) => {
      const { role: byRole } = adminOf(response)
      const typed = { name: field(request, 'name'), role: field(request, 'role'), lifetime: field(request, 'lifetime') }
      const refuse = (problems: TypedToken['problems']) => showList(request, response, { ...typed, problems })
      const read = tokenForm.safeParse(request.body ?? {})
      if (!read.success) {
        await refuse(Object.fromEntries(read.error.issues.map(({ path, message }) => [path.join('.'), message])))
        return
      }
      const { name, role, lifetime } = read.data
      if (!givenRoles(byRole).includes(role)) {
        await refuse({ role: 'A token may do no more than you. Choose another role.' })
        return
      }
      const expiresAt = lifetime === 'never' ? null : new Date(clock.now().getTime() + Number(lifetime) * dayMs)
      try {
        const token = await apiTokens.create({ name, role, expiresAt }, actorOf(request, response), {
          role: byRole,
          expiresAt: null,
        })
        pages.show(request, response, 'tokens/new-token', { title: `Token ${name}`, name, token, publicUrl })
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        await refuse({ name: error.message })
      }
    }) satisfies RequestHandler,

    revoke: (async (request, response) => {
      const token = await known(request)
      try {
        formOf(request, revokeForm)
        await apiTokens.revoke(token.id, actorOf(request, response))
        await done(request, response, tokensPath, `The token ${token.name} is revoked.`)
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        showOne(request, response, token, error.message)
      }
    }) satisfies RequestHandler,
  }
}
