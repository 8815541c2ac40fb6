import type { RequestHandler } from 'express'
import type { RunSummary } from '../../../sync/run-history.ts'
import { sendCsv, sendJsonLines } from '../../download.ts'
import { gridOf, rowsOfPage } from '../../grid.ts'
import { queryOf } from '../../query.ts'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import { outcomes, runsQuery, triggers } from './inputs.ts'
import { outcomeNames, triggerNames } from './run-text.ts'
import type { SyncServices } from './services.ts'
import { runRow } from './sync-model.ts'
import { wantedRuns } from './wanted-runs.ts'

const path = '/admin/sync/runs'

/** What every run did, as a list and as files. */
export function runsPages(
  pages: AdminPages,
  { sync, providers, clock }: Pick<Administration, 'sync' | 'providers' | 'clock'>,
) {
  const page: RequestHandler = async (request, response) => {
    const query = queryOf(request, runsQuery)
    const runs = await wantedRuns(sync, query)
    const names = new Map((await providers()).map(({ id, name }) => [id, name]))
    const now = clock.now()
    const grid = gridOf({
      path,
      search: query.search,
      searchLabel: 'Provider, error, notice or name of an administrator',
      filters: [
        {
          name: 'provider',
          label: 'Provider',
          value: query.provider,
          choices: [...names].map(([value, label]) => ({ value, label })),
        },
        {
          name: 'outcome',
          label: 'Outcome',
          value: query.outcome,
          choices: outcomes.map((value) => ({ value, label: outcomeNames[value] })),
        },
        {
          name: 'trigger',
          label: 'Trigger',
          value: query.trigger,
          choices: triggers.map((value) => ({ value, label: triggerNames[value] })),
        },
      ],
      page: query.page,
      total: runs.length,
      downloads: [
        { path: '/admin/sync/runs.csv', label: 'Runs: CSV' },
        { path: '/admin/sync/runs.jsonl', label: 'JSON lines' },
        { path: '/admin/sync/changes.csv', label: 'Their changes: CSV' },
        { path: '/admin/sync/changes.jsonl', label: 'JSON lines' },
      ],
    })
    pages.show(request, response, 'sync/runs', {
      title: 'Sync history and logs',
      grid,
      runs: rowsOfPage(runs, query.page).map((run) => runRow(run, names, now)),
    })
  }

  const runsCsv: RequestHandler = async (request, response) => {
    const runs = await wantedRuns(sync, queryOf(request, runsQuery))
    await sendCsv(response, 'sync-runs.csv', runColumns, runs.map(runCells))
  }

  const runsJson: RequestHandler = async (request, response) => {
    const runs = await wantedRuns(sync, queryOf(request, runsQuery))
    await sendJsonLines(
      response,
      'sync-runs.jsonl',
      (async function* () {
        yield* runs
      })(),
    )
  }

  const changesCsv: RequestHandler = async (request, response) => {
    const changes = changesOf(sync, await wantedRuns(sync, queryOf(request, runsQuery)))
    await sendCsv(response, 'sync-changes.csv', changeColumns, cellsOf(changes))
  }

  const changesJson: RequestHandler = async (request, response) => {
    const changes = changesOf(sync, await wantedRuns(sync, queryOf(request, runsQuery)))
    await sendJsonLines(response, 'sync-changes.jsonl', changes)
  }

  return { page, runsCsv, runsJson, changesCsv, changesJson }
}

const countNames = ['added', 'updated', 'renamed', 'deactivated', 'reactivated', 'removed', 'skipped'] as const
const countTypes = ['user', 'group', 'entry'] as const
const runColumns = [
  'run',
  'provider',
  'trigger',
  'started',
  'finished',
  'outcome',
  'mode',
  'calls',
  'throttles',
  'bytes',
  'changes',
  'held',
  ...countTypes.flatMap((type) => countNames.map((name) => `${type} ${name}`)),
  'error',
  'notices',
]

function runCells(run: RunSummary) {
  return [
    run.id,
    run.provider,
    run.trigger,
    run.started,
    run.finished,
    run.outcome,
    run.mode,
    run.calls,
    run.throttles,
    run.bytes,
    run.changesInAll,
    run.heldChanges,
    ...countTypes.flatMap((type) => countNames.map((name) => run.counts[type][name])),
    run.error,
    run.notices.join('; '),
  ]
}

const changeColumns = ['run', 'started', 'action', 'dn', 'previous dn', 'attributes', 'reason']

/** One run after the other is looked at as the file is sent. */
async function* changesOf(sync: SyncServices, runs: readonly RunSummary[]) {
  for (const { id, started, changesInAll } of runs) {
    const report = changesInAll === 0 ? undefined : await sync.report(id)
    if (report === undefined) continue
    for await (const { action, dn, previousDn, attributes, reason } of sync.changes(report))
      yield { run: id, started, action, dn, previousDn, attributes, reason }
  }
}

async function* cellsOf(changes: ReturnType<typeof changesOf>) {
  for await (const { run, started, action, dn, previousDn, attributes, reason } of changes)
    yield [run, started, action, dn, previousDn, attributes.join(' '), reason]
}
