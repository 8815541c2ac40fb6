import type { RequestHandler } from 'express'
import { queryOf } from '../../query.ts'
import type { AdminPages } from '../frame.ts'
import { explainModel } from './explain-model.ts'
import { explainQuery, isClientAddress } from './inputs.ts'
import type { PeopleServices } from './services.ts'

/** "Why can't X sign in?" */
export function explainPage(pages: AdminPages, { explainSignIn, binderNames }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const query = queryOf(request, explainQuery)
    const { name, address, binder } = query
    const problem = address === undefined || isClientAddress(address) ? '' : 'Give an IP address, such as 192.0.2.7.'
    const explained = name === '' || problem !== '' ? undefined : await explainSignIn({ name, address, binder })
    const model = explainModel({ query, problem, binders: await binderNames(), explained })
    pages.show(request, response, 'people/explain', model, problem === '' ? 200 : 422)
  }
}
