import type { Request, RequestHandler, Response } from 'express'
import type { HeldRecord } from '../../../sync/settlement.ts'
import type { ProviderOverview } from '../../../sync/provider-overview.ts'
import { countOf } from '../../counts.ts'
import { gridOf, rowsOfPage } from '../../grid.ts'
import { HttpProblem } from '../../http-problem.ts'
import { queryOf } from '../../query.ts'
import { timeOf } from '../../time.ts'
import { actorOf, adminOf } from '../access.ts'
import type { Administration } from '../administration.ts'
import { formOf } from '../form.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { approveForm, discardForm, pageQuery } from './inputs.ts'
import { inPatience } from './patience.ts'
import { refusalText } from './refusal.ts'
import { heldAddress, runAddress } from './run-text.ts'

/** Changes that wait for approval ("Accidental-deletion protection"): looked at, approved, discarded. */
export function heldPages(
  pages: AdminPages,
  { sync, providers, clock }: Pick<Administration, 'sync' | 'providers' | 'clock'>,
) {
  async function asked({ params }: Request): Promise<ProviderOverview> {
    const provider = (await providers()).find(({ id }) => id === params['provider'])
    if (provider === undefined) throw new HttpProblem(404, 'There is no such provider, or not any more.')
    return provider
  }

  async function show(request: Request, response: Response, provider: ProviderOverview, problem = '') {
    const { page } = queryOf(request, pageQuery)
    const held = await sync.held(provider.id)
    const model = {
      title: `Held changes of ${provider.name}`,
      address: heldAddress(provider.id),
      provider: provider.name,
      pause: provider.pause ?? null,
      plan: held === undefined ? null : planModel(held, page, clock.now()),
      problem,
      mayAct: may(adminOf(response).role, 'directory sync'),
    }
    pages.show(request, response, 'sync/held', model, problem === '' ? 200 : 422)
  }

  /** A refused form is shown with the changes as they are now. */
  const form =
    (handle: (request: Request, response: Response, provider: ProviderOverview) => Promise<void>): RequestHandler =>
    async (request, response) => {
      const provider = await asked(request)
      try {
        await handle(request, response, provider)
      } catch (error) {
        await show(request, response, provider, refusalText(error))
      }
    }

  const page: RequestHandler = async (request, response) => {
    await show(request, response, await asked(request))
  }

  return {
    page,

    approve: form(async (request, response, { id, name }) => {
      const { hash } = formOf(request, approveForm)
      const approved = await inPatience(sync.approve(id, hash, actorOf(request, response)))
      if (approved === undefined)
        await done(request, response, '/admin/sync', `The held changes of ${name} are being applied.`)
      else {
        const { result } = approved
        const notice = `${countOf(result.changesInAll, 'change', 'changes')} of ${name} applied.`
        await done(request, response, runAddress(result), notice)
      }
    }),

    discard: form(async (request, response, { id, name }) => {
      const { hash } = formOf(request, discardForm)
      await inPatience(sync.discard(id, hash, actorOf(request, response)))
      await done(
        request,
        response,
        heldAddress(id),
        `These changes of ${name} stay held, and are not asked about again until they change.`,
      )
    }),
  }
}

const waitTexts = { entry: '', name: 'the new name', members: 'the loss of members', arrival: 'the arrival' } as const

function planModel({ provider, hash, reasons, changes, since, discarded }: HeldRecord, page: number, now: Date) {
  return {
    hash,
    shortHash: hash.slice(0, 12),
    reasons,
    since: timeOf(since, now),
    isDiscarded: discarded,
    count: countOf(changes.length, 'change', 'changes'),
    kinds: kindsOf(changes),
    changes: rowsOfPage(changes, page).map(({ action, dn, previousDn, reason, waits }) => ({
      action,
      dn,
      previousDn: previousDn ?? '',
      reason,
      waits: waits
        .map((aspect) => waitTexts[aspect])
        .filter((text) => text !== '')
        .join(', '),
    })),
    grid: gridOf({
      path: heldAddress(provider),
      search: '',
      searchLabel: '',
      filters: [],
      page,
      total: changes.length,
    }),
  }
}

/** `36 remove, 2 rename`. */
function kindsOf(changes: HeldRecord['changes']): string {
  return [
    ...Map.groupBy(
      changes,
      ({ action, type }) => `${actionWords[action]} ${type === 'entry' ? 'entries' : `${type}s`}`,
    ),
  ]
    .map(([kind, same]) => `${same.length.toLocaleString('en-GB')} ${kind}`)
    .join(', ')
}

const actionWords = {
  add: 'added',
  update: 'updated',
  rename: 'renamed',
  deactivate: 'deactivated',
  reactivate: 'reactivated',
  remove: 'removed',
} as const
