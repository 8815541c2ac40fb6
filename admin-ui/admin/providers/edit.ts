import type { Request, RequestHandler, Response } from 'express'
import { actorOf } from '../access.ts'
import { type AdminPages, done } from '../frame.ts'
import { providerTypeName } from '../provider-type-name.ts'
import { connectionDraft, connectionFields, type Draft, draftOf } from './connection-form.ts'
import { preparationOf } from './prepare-tenant.ts'
import { type FormProblems, noProblems, problemsOf } from './problems.ts'
import { managedProvider, type ProviderPageServices, typedIn } from './provider-pages.ts'
import { addressOf } from './providers-model.ts'
import type { ShownProvider } from './services.ts'

/** The connection of a provider. */
export function editPages(pages: AdminPages, services: ProviderPageServices) {
  const { providerAdministration: providers, organization } = services

  function showForm(
    request: Request,
    response: Response,
    { id, name, type }: ShownProvider,
    draft: Draft,
    problems: FormProblems,
  ): void {
    const groups = connectionFields(draft, false, (path) => problems.of(path))
    const model = {
      title: `Connection of ${name}`,
      name,
      address: addressOf(id),
      typeName: providerTypeName(type),
      groups,
      problem: problems.rest(),
      preparation: preparationOf(type, providers.redirectUris, organization),
    }
    pages.show(request, response, 'providers/edit', model, problems === noProblems ? 200 : 422)
  }

  const show: RequestHandler = async (request, response) => {
    const provider = await managedProvider(services, request)
    showForm(request, response, provider, draftOf(provider.settings), noProblems)
  }

  const save: RequestHandler = async (request, response) => {
    const provider = await managedProvider(services, request)
    const draft = connectionDraft(draftOf(provider.settings), typedIn(request))
    try {
      await providers.edit(provider.id, draft, actorOf(request, response))
      await done(request, response, addressOf(provider.id), 'Saved, and used by a run that begins now.')
    } catch (error) {
      showForm(request, response, provider, draft, problemsOf(error))
    }
  }

  return { show, save }
}
