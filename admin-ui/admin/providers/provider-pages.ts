import type { Request, RequestHandler, Response } from 'express'
import { ChangeRefused } from '../../../server/directory/credentials/change-refused.ts'
import { RuleError } from '../../../sync/rules.ts'
import { field } from '../../forms.ts'
import { HttpProblem } from '../../http-problem.ts'
import { adminOf } from '../access.ts'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import { may } from '../permissions.ts'
import { addressOf, providerModel } from './providers-model.ts'
import { groupSettings } from './rules-form.ts'
import type { ShownProvider } from './services.ts'

export type ProviderPageServices = Pick<Administration, 'providerAdministration' | 'clock' | 'organization'>

/** The provider of the address. Throws an HttpProblem with 404. */
export async function namedProvider(
  { providerAdministration }: ProviderPageServices,
  request: Request,
): Promise<ShownProvider> {
  const id = String(request.params['id'])
  const found = (await providerAdministration.list()).find((provider) => provider.id === id)
  if (found === undefined) throw new HttpProblem(404, 'There is no such provider, or not any more.')
  return found
}

/** One that is managed here. Throws an HttpProblem with 404 or 409. */
export async function managedProvider(services: ProviderPageServices, request: Request): Promise<ShownProvider> {
  const provider = await namedProvider(services, request)
  if (!provider.isManaged)
    throw new HttpProblem(409, `${provider.name} is managed by the configuration file. Change it there.`)
  return provider
}

/** Shows a provider, with what could not be done with it. */
export async function showProvider(
  pages: AdminPages,
  services: ProviderPageServices,
  request: Request,
  response: Response,
  provider: ShownProvider,
  extra: { readonly problem?: string; readonly probes?: readonly object[]; readonly preview?: object } = {},
): Promise<void> {
  const { role } = adminOf(response)
  const { problem = '', probes = null, preview = null } = extra
  const model = {
    title: provider.name,
    provider: providerModel(provider, await groupNames(services, provider), services.clock.now()),
    maySync: may(role, 'directory sync'),
    mayEdit: may(role, 'directory sync') && provider.isManaged,
    mayRemove: may(role, 'remove providers') && provider.isManaged,
    rulesAddress: may(role, 'directory sync') && provider.isManaged ? `${addressOf(provider.id)}/rules` : '',
    mayAdopt: may(role, 'directory sync') && !provider.isManaged && provider.settings.type !== 'ldif',
    isAdopted: provider.isAdopted,
    problem,
    probes,
    preview,
  }
  pages.show(request, response, 'providers/provider', model, problem === '' ? 200 : 422)
}

/** Of the groups that its rules name. */
async function groupNames({ providerAdministration }: ProviderPageServices, { id, settings }: ShownProvider) {
  const named = settings.type === 'ldif' ? [] : groupSettings.flatMap((setting) => settings.filters[setting])
  return await providerAdministration.groupNames(id, named)
}

/** A button on the page of a provider: what is refused is said there. */
export function providerForm(
  pages: AdminPages,
  services: ProviderPageServices,
  find: (services: ProviderPageServices, request: Request) => Promise<ShownProvider>,
  handle: (request: Request, response: Response, provider: ShownProvider) => Promise<void>,
): RequestHandler {
  return async (request, response) => {
    const provider = await find(services, request)
    try {
      await handle(request, response, provider)
    } catch (error) {
      if (!(error instanceof ChangeRefused || error instanceof RuleError)) throw error
      await showProvider(pages, services, request, response, provider, { problem: error.message })
    }
  }
}

/** What a form sent, by field. */
export function typedIn(request: Request): (name: string) => string {
  return (name) => field(request, name)
}
