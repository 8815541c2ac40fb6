import type { RequestHandler } from 'express'
import { ChangeRefused } from '../../../server/directory/credentials/change-refused.ts'
import { field } from '../../forms.ts'
import { stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import { actorOf } from '../access.ts'
import { type AdminPages, done } from '../frame.ts'
import { authorizeForm, moveForm } from './inputs.ts'
import { previewModel } from './preview-model.ts'
import {
  managedProvider,
  namedProvider,
  providerForm,
  type ProviderPageServices,
  showProvider,
} from './provider-pages.ts'
import { addressOf, waitsForAcceptance } from './providers-model.ts'

const testMs = 60_000

/** One provider, and what is done with it. */
export function providerPages(pages: AdminPages, services: ProviderPageServices) {
  const { providerAdministration: providers, clock } = services
  const form = (handle: Parameters<typeof providerForm>[3]) => providerForm(pages, services, namedProvider, handle)
  const managedForm = (handle: Parameters<typeof providerForm>[3]) =>
    providerForm(pages, services, managedProvider, handle)

  return {
    show: form(async (request, response, provider) => {
      const preview = waitsForAcceptance(provider)
        ? previewModel(await providers.previewAcceptance(provider.id), provider.id)
        : null
      await showProvider(pages, services, request, response, provider, preview === null ? {} : { preview })
    }),

    test: form(async (request, response, provider) => {
      const found = await providers.test(provider.id, AbortSignal.timeout(testMs))
      const probes = found.map(({ name, ok, message }) => ({
        name,
        message,
        state: ok ? stateOf('good', 'Passes') : stateOf('bad', 'Fails'),
      }))
      await showProvider(pages, services, request, response, provider, { probes })
    }),

    authorize: form(async (request, response, provider) => {
      const read = authorizeForm.safeParse({ purposes: field(request, 'purposes') })
      if (!read.success) throw new ChangeRefused('Choose what the account is authorized for.')
      if (!provider.takesAccounts) throw new ChangeRefused(`${provider.name} takes no accounts of administrators.`)
      const { url, expires, redirectUri } = await providers.authorize(
        provider.id,
        read.data.purposes,
        actorOf(request, response),
      )
      const model = {
        title: `Authorize an account for ${provider.name}`,
        name: provider.name,
        address: addressOf(provider.id),
        purposes: read.data.purposes.map((purpose) => (purpose === 'users' ? 'user' : 'group')).join(' and '),
        url,
        expires: timeOf(expires, clock.now()),
        redirectUri,
      }
      pages.show(request, response, 'providers/authorize', model)
    }),

    forget: form(async (request, response, { id }) => {
      const { authorizedBy } = await providers.forget(id, field(request, 'authorization'), actorOf(request, response))
      const notice = `The account ${authorizedBy} is forgotten here. What it granted stays at the provider until it is revoked there.`
      await done(request, response, addressOf(id), notice)
    }),

    accept: form(async (request, response, { id, name }) => {
      await providers.accept(id, actorOf(request, response))
      await done(request, response, addressOf(id), `${name} is served from now on.`)
    }),

    refresh: form(async (request, response, { id }) => {
      const isNew = await providers.refresh(id, actorOf(request, response))
      await done(request, response, addressOf(id), isNew ? 'Sync initiated successfully.' : 'A run waits already.')
    }),

    move: managedForm(async (request, response, { id, name }) => {
      const read = moveForm.safeParse({ where: field(request, 'where') })
      if (!read.success) throw new ChangeRefused('Choose where to.')
      await providers.move(id, read.data.where, actorOf(request, response))
      await done(request, response, '/admin/providers', `${name} has another place among the providers.`)
    }),

    adopt: form(async (request, response, { id, name }) => {
      await providers.adopt(id, actorOf(request, response))
      const notice = `${name} is kept here too. Remove it from the configuration file and start the server again; until then the file is used.`
      await done(request, response, addressOf(id), notice)
    }),

    showRemove: managedForm(async (request, response, provider) => {
      const model = {
        title: `Remove ${provider.name}`,
        name: provider.name,
        address: addressOf(provider.id),
        preview: previewModel(await providers.previewRemoval(provider.id), provider.id),
      }
      pages.show(request, response, 'providers/remove', model)
    }),

    remove: managedForm(async (request, response, { id, name }) => {
      if (field(request, 'sure') !== 'yes') throw new ChangeRefused(`Tick the box to remove ${name}.`)
      await providers.remove(id, actorOf(request, response))
      await done(request, response, '/admin/providers', `${name} is removed, and its people with it.`)
    }),
  } satisfies Readonly<Record<string, RequestHandler>>
}
