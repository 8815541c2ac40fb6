import type { RequestHandler } from 'express'
import { HttpProblem } from '../../http-problem.ts'
import { queryOf } from '../../query.ts'
import type { AdminPages } from '../frame.ts'
import { groupModel, membersOfPage } from './group-model.ts'
import { membersQuery } from './inputs.ts'
import type { PeopleServices } from './services.ts'

/** One group: who is in it, where it stands, and why it is served or not. */
export function groupPage(pages: AdminPages, { group, providers }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const { page } = queryOf(request, membersQuery)
    const details = await group(String(request.params['id']), ...membersOfPage(page))
    if (details === undefined) throw new HttpProblem(404, 'There is no group of this id, or not any more.')
    pages.show(request, response, 'people/group', groupModel(details, providers(), page))
  }
}
