import type { Request, RequestHandler, Response } from 'express'
import { queryOf } from '../../query.ts'
import { actorOf, adminOf } from '../access.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { providerTypeName } from '../provider-type-name.ts'
import {
  connectionDraft,
  connectionFields,
  type Draft,
  emptyDraft,
  isManagedType,
  type ManagedType,
  providerTypes,
} from './connection-form.ts'
import { newQuery } from './inputs.ts'
import { preparationOf } from './prepare-tenant.ts'
import { type FormProblems, noProblems, problemsOf } from './problems.ts'
import { type ProviderPageServices, typedIn } from './provider-pages.ts'
import { addressOf, providerRow } from './providers-model.ts'

/** All providers, and a new one. */
export function providersPages(pages: AdminPages, services: ProviderPageServices) {
  const { providerAdministration: providers, clock, organization } = services

  const list: RequestHandler = async (request, response) => {
    const now = clock.now()
    const model = {
      title: 'Providers',
      providers: (await providers.list()).map((provider) => providerRow(provider, now)),
      types: providerTypes.map((type) => ({ type, name: providerTypeName(type) })),
      mayAdd: may(adminOf(response).role, 'directory sync'),
    }
    pages.show(request, response, 'providers/list', model)
  }

  function showForm(
    request: Request,
    response: Response,
    type: ManagedType,
    draft: Draft,
    problems: FormProblems,
  ): void {
    const groups = connectionFields(draft, true, (path) => problems.of(path))
    const problem = problems.rest()
    const isRefused = problems !== noProblems
    const model = {
      title: `Connect ${providerTypeName(type)}`,
      type,
      typeName: providerTypeName(type),
      groups,
      problem,
      preparation: preparationOf(type, providers.redirectUris, organization),
    }
    pages.show(request, response, 'providers/new', model, isRefused ? 422 : 200)
  }

  const showNew: RequestHandler = (request, response) => {
    const { type } = queryOf(request, newQuery)
    if (type === undefined) response.redirect(303, '/admin/providers')
    else showForm(request, response, type, emptyDraft(type), noProblems)
  }

  const add: RequestHandler = async (request, response) => {
    const typed = typedIn(request)
    const type = isManagedType(typed('type')) ? (typed('type') as ManagedType) : 'entra'
    const draft = connectionDraft(emptyDraft(type), typed)
    try {
      const { id, name } = await providers.add(draft, actorOf(request, response))
      const notice = `${name} is connected, and read now. Nothing is applied before you have accepted what it will do.`
      await done(request, response, addressOf(id), notice)
    } catch (error) {
      showForm(request, response, type, draft, problemsOf(error))
    }
  }

  return { list, showNew, add }
}
