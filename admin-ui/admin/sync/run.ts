import type { Request, RequestHandler, Response } from 'express'
import type { RunReport } from '../../../sync/run-report.ts'
import { countOf, countText } from '../../counts.ts'
import { firstOf } from '../../first-of.ts'
import { gridOf, gridPageSize } from '../../grid.ts'
import { HttpProblem } from '../../http-problem.ts'
import { queryOf } from '../../query.ts'
import { actorOf, adminOf } from '../access.ts'
import type { Administration } from '../administration.ts'
import { formOf } from '../form.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { pageQuery, undoForm } from './inputs.ts'
import { inPatience } from './patience.ts'
import { refusalText } from './refusal.ts'
import { runModel } from './run-model.ts'
import { runAddress } from './run-text.ts'

/** One run, and taking it back. */
export function runPages(
  pages: AdminPages,
  { sync, providers, clock }: Pick<Administration, 'sync' | 'providers' | 'clock'>,
) {
  async function asked({ params }: Request): Promise<RunReport> {
    const report = await sync.report(`${String(params['provider'])}/${String(params['started'])}`)
    if (report === undefined) throw new HttpProblem(404, 'There is no such run, or it is too old and forgotten.')
    return report
  }

  async function show(request: Request, response: Response, report: RunReport, problem = '') {
    const { page } = queryOf(request, pageQuery)
    const provider = (await providers()).find(({ id }) => id === report.provider)
    const listed = await sync.listed(report)
    const changes = await firstOf(sync.changes(report, (page - 1) * gridPageSize), gridPageSize)
    const model = {
      ...runModel(report, { name: provider?.name ?? report.provider, type: provider?.type ?? null }, clock.now()),
      changes,
      grid: gridOf({
        path: runAddress(report),
        search: '',
        searchLabel: '',
        filters: [],
        page,
        total: listed,
      }),
      forgotten: forgottenText(report, listed),
      problem,
      mayAct: may(adminOf(response).role, 'directory sync'),
    }
    pages.show(request, response, 'sync/run', model, problem === '' ? 200 : 422)
  }

  const page: RequestHandler = async (request, response) => {
    await show(request, response, await asked(request))
  }

  const undo: RequestHandler = async (request, response) => {
    const report = await asked(request)
    try {
      formOf(request, undoForm)
      const undone = await inPatience(sync.undo(report.id, actorOf(request, response)))
      const notice =
        undone === undefined
          ? 'The run is being taken back.'
          : `${countOf(undone.result.changed, 'entry is', 'entries are')} as before, and ${report.provider} is paused until somebody resumes it.${skippedText(undone.result.skipped)}`
      await done(request, response, runAddress(undone?.result.run ?? report), notice)
    } catch (error) {
      await show(request, response, report, refusalText(error))
    }
  }

  return { page, undo }
}

/** Empty: every change is listed. */
function forgottenText({ changesInAll, dryRun }: RunReport, listed: number): string {
  if (listed >= changesInAll) return ''
  const others = `${countOf(changesInAll - listed, 'change', 'changes')} of ${countText(changesInAll)}`
  return dryRun ? `${others} of this dry run were not kept.` : `${others} were forgotten (retention.changeLogDays).`
}

const shownSkipped = 5

function skippedText(skipped: readonly { readonly dn: string; readonly reason: string }[]): string {
  if (skipped.length === 0) return ''
  const shown = skipped.slice(0, shownSkipped).map(({ dn, reason }) => `${dn} (${reason})`)
  const more = skipped.length > shownSkipped ? ` and ${skipped.length - shownSkipped} more` : ''
  return ` Not brought back: ${shown.join(', ')}${more}.`
}
