import type { Request, RequestHandler, Response } from 'express'
import { field } from '../../forms.ts'
import { gridOf, gridPageSize } from '../../grid.ts'
import { queryOf } from '../../query.ts'
import { stateOf } from '../../state.ts'
import { actorOf, adminOf } from '../access.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { type Draft, draftOf, listOf, objectOf } from './connection-form.ts'
import { groupsQuery, suggestionsQuery } from './inputs.ts'
import { previewModel } from './preview-model.ts'
import { type FormProblems, noProblems, problemsOf } from './problems.ts'
import { managedProvider, namedProvider, type ProviderPageServices, typedIn } from './provider-pages.ts'
import { addressOf } from './providers-model.ts'
import { groupSettings, rulesDraft, rulesFields } from './rules-form.ts'
import type { ShownProvider, SourceGroupSummary } from './services.ts'

const suggestionsAtMost = 20

/** Rules of a provider: what they would do is shown before they are saved. */
export function rulesPages(pages: AdminPages, services: ProviderPageServices) {
  const { providerAdministration: providers } = services

  async function showForm(
    request: Request,
    response: Response,
    { id, name, settings }: ShownProvider,
    draft: Draft,
    shown: { readonly problems: FormProblems; readonly preview: object | null; readonly about: string },
  ): Promise<void> {
    const { problems, preview, about } = shown
    const filters = objectOf(draft, 'filters')
    const ids = groupSettings.flatMap((setting) => listOf(filters, setting))
    const domains = (await providers.domains(id)).filter(({ verified }) => verified).map((domain) => domain.name)
    const restricted = settings.type !== 'ldif' && settings.filters.domainRestriction
    const model = {
      title: `Rules of ${name}`,
      name,
      address: addressOf(id),
      groups: rulesFields(draft, await providers.groupNames(id, ids), domains, (path) => problems.of(path)),
      domains,
      isRestricted: restricted,
      about,
      preview,
      problem: problems.rest(),
    }
    pages.show(request, response, 'providers/rules', model, problems === noProblems ? 200 : 422)
  }

  const show: RequestHandler = async (request, response) => {
    const provider = await managedProvider(services, request)
    const shown = { problems: noProblems, preview: null, about: '' }
    await showForm(request, response, provider, draftOf(provider.settings), shown)
  }

  const preview: RequestHandler = async (request, response) => {
    const provider = await managedProvider(services, request)
    const draft = rulesDraft(draftOf(provider.settings), typedIn(request))
    const about = field(request, 'about').trim()
    try {
      const found = await providers.preview(draft, about === '' ? undefined : about)
      const model = previewModel(found, provider.id, about)
      await showForm(request, response, provider, draft, { problems: noProblems, preview: model, about })
    } catch (error) {
      await showForm(request, response, provider, draft, { problems: problemsOf(error), preview: null, about })
    }
  }

  const save: RequestHandler = async (request, response) => {
    const provider = await managedProvider(services, request)
    const draft = rulesDraft(draftOf(provider.settings), typedIn(request))
    try {
      // A rule that cannot be evaluated would fail every run.
      await providers.preview(draft)
      await providers.edit(provider.id, draft, actorOf(request, response))
      await done(request, response, addressOf(provider.id), 'The rules are saved, and obeyed by a run that begins now.')
    } catch (error) {
      await showForm(request, response, provider, draft, { problems: problemsOf(error), preview: null, about: '' })
    }
  }

  /** Every group of the provider, and whether it is synced. */
  const groups: RequestHandler = async (request, response) => {
    const { id, name, isManaged } = await namedProvider(services, request)
    const { search, page } = queryOf(request, groupsQuery)
    const path = `${addressOf(id)}/groups`
    const { found, total } = await providers.groups(id, search, page * gridPageSize)
    const model = {
      title: `Groups of ${name}`,
      name,
      address: addressOf(id),
      mayEdit: isManaged && may(adminOf(response).role, 'directory sync'),
      grid: gridOf({ path, search, searchLabel: 'Name, address or id', filters: [], page, total }),
      groups: found.slice((page - 1) * gridPageSize).map(groupRow),
    }
    pages.show(request, response, 'providers/groups', model)
  }

  /** For the type-ahead of the rules. */
  const suggestions: RequestHandler = async (request, response) => {
    const { id } = await namedProvider(services, request)
    const { search } = queryOf(request, suggestionsQuery)
    const { found } = await providers.groups(id, search, suggestionsAtMost)
    response.json(found.map((group) => ({ id: group.id, name: group.name, mail: group.mail })))
  }

  return { show, preview, save, groups, suggestions }
}

function groupRow({ id, name, mail, members, verdict }: SourceGroupSummary) {
  const state =
    verdict === null
      ? stateOf('off', 'Not decided yet')
      : verdict.status === 'active'
        ? stateOf('good', 'Synced')
        : stateOf('off', 'Not synced')
  return { id, name, mail: mail ?? '', members, state, reason: verdict === null ? '' : verdict.reason }
}
