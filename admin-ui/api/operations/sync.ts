import * as z from 'zod'
import { summaryOf } from '../../../sync/run-history.ts'
import type { RunReport } from '../../../sync/run-report.ts'
import type { Administration } from '../../admin/administration.ts'
import { outcomes, runsQuery } from '../../admin/sync/inputs.ts'
import type { ProviderSync } from '../../admin/sync/services.ts'
import { wantedRuns } from '../../admin/sync/wanted-runs.ts'
import { firstOf } from '../../first-of.ts'
import { HttpProblem } from '../../http-problem.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { pageOf, pageOfAll, pageQuery, time } from '../schemas.ts'

const provider = z.object({ id: z.string().describe('Short name of the provider.') })
const run = z.object({ id: provider.shape.id, started: z.string().describe('As `started` of the run.') })
const hash = z.strictObject({ hash: z.string().max(128).describe('Of the held changes, as they were looked at.') })
const paged = z.strictObject({ page: pageQuery.page, pageSize: pageQuery.pageSize })

const counts = z
  .object({
    added: z.int(),
    updated: z.int(),
    renamed: z.int(),
    deactivated: z.int(),
    reactivated: z.int(),
    removed: z.int(),
    skipped: z.int(),
  })
  .meta({ id: 'Counts' })

const runSummary = z
  .object({
    id: z.string().describe('`<provider>/<started>`.'),
    provider: z.string(),
    trigger: z.string(),
    dryRun: z.boolean(),
    mode: z.enum(['full', 'incremental', 'person', 'none']),
    fullBecause: z.string().nullable(),
    started: time,
    finished: time.nullable(),
    outcome: z.enum(outcomes),
    error: z.string().nullable(),
    read: z.object({ users: z.int(), groups: z.int(), entries: z.int() }),
    counts: z.object({ user: counts, group: counts, entry: counts }),
    calls: z.int(),
    throttles: z.int(),
    repeats: z.int(),
    bytes: z.int(),
    seconds: z.object({ fetch: z.number(), map: z.number(), plan: z.number(), apply: z.number() }),
    notices: z.array(z.string()),
    undoneBy: z.string().nullable().describe('Id of the run that took it back.'),
    paused: z.object({ reason: z.string(), changes: z.int() }).nullable(),
    heldChanges: z.int().describe('That waited for approval at its end.'),
    changesInAll: z.int(),
  })
  .meta({ id: 'Run' })

const changed = z.object({
  action: z.enum(['add', 'update', 'rename', 'deactivate', 'reactivate', 'remove']),
  dn: z.string(),
  previousDn: z.string().nullable(),
  reason: z.string().nullable(),
  attributes: z.array(z.string()),
})

const heldSummary = z.object({
  reasons: z.array(z.string()),
  since: time,
  discarded: z.boolean().describe('They stay held, and are not asked about again until they change.'),
  count: z.int(),
})

const held = heldSummary
  .extend({
    hash: z.string().describe('Of exactly these changes.'),
    changes: pageOf(changed.extend({ waits: z.array(z.enum(['entry', 'name', 'members', 'arrival'])) })),
  })
  .meta({ id: 'HeldChanges' })

const status = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    types: z.array(
      z.object({
        type: z.enum(['user', 'group', 'entry']),
        isOn: z.boolean(),
        read: z.int().nullable().describe('Objects at the provider, when it was read last.'),
        served: z.int(),
        counts: counts.nullable().describe('What the last run did.'),
      }),
    ),
    underWay: z
      .object({ run: z.string(), trigger: z.string(), step: z.string().nullable(), count: z.int() })
      .nullable()
      .describe('A run that goes on now.'),
    isWaiting: z.boolean().describe('A run was asked for and has not begun.'),
    lastRun: runSummary.nullable(),
    lastSuccess: time.nullable(),
    isStale: z.boolean(),
    pause: z.object({ kind: z.string(), reason: z.string(), by: z.string(), since: time }).nullable(),
    held: heldSummary.nullable(),
    schedule: z.object({ incrementalMinutes: z.number(), fullHours: z.number() }).nullable(),
  })
  .meta({ id: 'ProviderSync' })

/** Runs, held changes, pauses. */
export function syncOperations({ sync }: Pick<Administration, 'sync'>): readonly Operation[] {
  const operation = operationsOf('Sync')
  const change = { permission: 'directory sync', method: 'POST' } as const
  const look = { permission: 'look', method: 'GET' } as const

  async function known({ id }: z.output<typeof provider>): Promise<ProviderSync> {
    const found = (await sync.status()).find((one) => one.id === id)
    if (found === undefined) throw new HttpProblem(404, `There is no provider "${id}".`)
    return found
  }

  async function asked({ id, started }: z.output<typeof run>): Promise<RunReport> {
    const report = await sync.report(`${id}/${started}`)
    if (report === undefined) throw new HttpProblem(404, 'There is no such run, or it is too old and forgotten.')
    return report
  }

  return [
    operation({
      ...look,
      path: '/sync',
      id: 'getSyncStatus',
      summary: 'How the sync of every provider stands.',
      answer: z.array(status),
      handle: () => sync.status(),
    }),
    operation({
      ...change,
      path: '/providers/{id}/runs',
      id: 'startRun',
      summary: 'Begins a run. It goes on by itself.',
      params: provider,
      body: z.strictObject({ full: z.boolean().default(false).describe('Reads everything, not what has changed.') }),
      answer: z.object({ isNew: z.boolean().describe('false: the same one waits already.') }),
      async handle({ params, body }, { by }) {
        const { id } = await known(params)
        return { isNew: await sync.start(id, body.full, by) }
      },
    }),
    operation({
      ...look,
      path: '/runs',
      id: 'listRuns',
      summary: 'Runs of all providers, the newest first.',
      query: z.strictObject({ ...runsQuery.shape, pageSize: pageQuery.pageSize }),
      answer: pageOf(runSummary),
      handle: async ({ query }) => pageOfAll(await wantedRuns(sync, query), query),
    }),
    operation({
      ...look,
      path: '/providers/{id}/runs/{started}',
      id: 'getRun',
      summary: 'One run.',
      params: run,
      answer: runSummary,
      handle: async ({ params }) => summaryOf(await asked(params)),
    }),
    operation({
      ...look,
      path: '/providers/{id}/runs/{started}/changes',
      id: 'listRunChanges',
      summary: 'What a run changed.',
      params: run,
      query: paged,
      answer: pageOf(changed),
      async handle({ params, query: { page, pageSize } }) {
        const report = await asked(params)
        const items = await firstOf(sync.changes(report, (page - 1) * pageSize), pageSize)
        return { items, total: await sync.listed(report), page, pageSize }
      },
    }),
    operation({
      ...change,
      path: '/providers/{id}/runs/{started}/undo',
      id: 'undoRun',
      summary: 'Takes back what a run changed, and pauses the provider.',
      params: run,
      answer: z
        .object({
          run: runSummary,
          changed: z.int(),
          skipped: z.array(z.object({ dn: z.string(), reason: z.string() })),
        })
        .meta({ id: 'Undone' }),
      async handle({ params }, { by }) {
        const undone = await sync.undo((await asked(params)).id, by)
        return { ...undone, run: summaryOf(undone.run) }
      },
    }),
    operation({
      ...look,
      path: '/providers/{id}/held',
      id: 'getHeldChanges',
      summary: 'Changes that wait for approval.',
      params: provider,
      query: paged,
      answer: held,
      async handle({ params, query }) {
        const { id } = await known(params)
        const plan = await sync.held(id)
        if (plan === undefined) throw new HttpProblem(404, `No change of ${id} waits for approval.`)
        return { ...plan, count: plan.changes.length, changes: pageOfAll(plan.changes, query) }
      },
    }),
    operation({
      ...change,
      path: '/providers/{id}/held/approve',
      id: 'approveHeldChanges',
      summary: 'Applies exactly the changes with that hash.',
      params: provider,
      body: hash,
      answer: runSummary,
      handle: async ({ params, body }, { by }) =>
        summaryOf(await sync.approve((await known(params)).id, body.hash, by)),
    }),
    operation({
      ...change,
      path: '/providers/{id}/held/discard',
      id: 'discardHeldChanges',
      summary: 'Keeps exactly those held, and does not ask again until they change.',
      params: provider,
      body: hash,
      handle: async ({ params, body }, { by }) => await sync.discard((await known(params)).id, body.hash, by),
    }),
    operation({
      ...change,
      path: '/providers/{id}/pause',
      id: 'pauseProvider',
      summary: 'Nothing of the provider is applied any more, but whom it disables.',
      params: provider,
      body: z.strictObject({ reason: z.string().trim().min(1).max(200) }),
      handle: async ({ params, body }, { by }) => await sync.pause((await known(params)).id, body.reason, by),
    }),
    operation({
      ...change,
      path: '/providers/{id}/resume',
      id: 'resumeProvider',
      summary: 'Ends the pause and applies what has waited.',
      params: provider,
      answer: runSummary,
      handle: async ({ params }, { by }) => summaryOf(await sync.resume((await known(params)).id, by)),
    }),
  ]
}
