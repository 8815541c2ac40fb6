import type { Request, RequestHandler, Response } from 'express'
import { field } from '../../forms.ts'
import { linesField, linesOf } from '../../form-field.ts'
import { actorOf } from '../access.ts'
import { type AdminPages, done } from '../frame.ts'
import { type Draft, draftOf, objectOf } from './connection-form.ts'
import { previewModel } from './preview-model.ts'
import { type FormProblems, noProblems, problemsOf } from './problems.ts'
import { managedProvider, type ProviderPageServices } from './provider-pages.ts'
import { addressOf } from './providers-model.ts'
import type { ShownProvider } from './services.ts'

/** Which attribute comes from which field of the provider, tried on one person before it is saved. */
export function mappingPages(pages: AdminPages, services: ProviderPageServices) {
  const { providerAdministration: providers } = services

  function showForm(
    request: Request,
    response: Response,
    { id, name }: ShownProvider,
    draft: Draft,
    shown: { readonly problems: FormProblems; readonly preview: object | null; readonly about: string },
  ): void {
    const { problems, preview, about } = shown
    const attributes = objectOf(draft, 'attributes')
    const lines = Object.entries(attributes).map(([attribute, source]) => `${attribute} = ${String(source)}`)
    const problem = Object.keys(attributes)
      .map((attribute) => [attribute, problems.of(`attributes.${attribute}`)] as const)
      .flatMap(([attribute, message]) => (message === '' ? [] : [`${attribute} ${message}`]))
      .join('; ')
    const model = {
      title: `Attributes of ${name}`,
      name,
      address: addressOf(id),
      fields: [
        linesField('attributes', 'Attributes', lines, {
          rows: 8,
          help: 'One a line: attribute = field of the provider, or a {template}. What is not here has its usual source.',
          problem,
        }),
      ],
      about,
      preview,
      problem: problems.rest(),
    }
    pages.show(request, response, 'providers/mapping', model, problems === noProblems ? 200 : 422)
  }

  const typedDraft = (request: Request, { settings }: ShownProvider): Draft => ({
    ...draftOf(settings),
    attributes: Object.fromEntries(
      linesOf(field(request, 'attributes')).map((line) => {
        const [attribute = '', ...source] = line.split('=')
        return [attribute.trim(), source.join('=').trim()]
      }),
    ),
  })

  const show: RequestHandler = async (request, response) => {
    const provider = await managedProvider(services, request)
    showForm(request, response, provider, draftOf(provider.settings), {
      problems: noProblems,
      preview: null,
      about: '',
    })
  }

  const preview: RequestHandler = async (request, response) => {
    const provider = await managedProvider(services, request)
    const draft = typedDraft(request, provider)
    const about = field(request, 'about').trim()
    try {
      const found = await providers.preview(draft, about === '' ? undefined : about)
      const model = previewModel(found, provider.id, about)
      showForm(request, response, provider, draft, { problems: noProblems, preview: model, about })
    } catch (error) {
      showForm(request, response, provider, draft, { problems: problemsOf(error), preview: null, about })
    }
  }

  const save: RequestHandler = async (request, response) => {
    const provider = await managedProvider(services, request)
    const draft = typedDraft(request, provider)
    try {
      await providers.edit(provider.id, draft, actorOf(request, response))
      await done(
        request,
        response,
        addressOf(provider.id),
        'The attributes are saved, and used by a run that begins now.',
      )
    } catch (error) {
      showForm(request, response, provider, draft, { problems: problemsOf(error), preview: null, about: '' })
    }
  }

  return { show, preview, save }
}
