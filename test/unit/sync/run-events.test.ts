import { expect, test } from 'vitest'
import { eventsOfRun, nothingReported, type Reported } from '../../../sync/reporting/run-events.ts'
import { type ReportedHold, type RunReport, startedReport } from '../../../sync/run-report.ts'

const started = '2026-03-01T08:00:00.000Z'
const finished = '2026-03-01T08:00:05.000Z'

function run(changes: Partial<RunReport> = {}): RunReport {
  const report = startedReport('contoso', { trigger: 'schedule' }, started)
  return { ...report, finished, outcome: 'unchanged', mode: 'full', calls: 4, ...changes }
}

const failed = run({ outcome: 'failed', error: 'contoso: GET /users: 503' })

function hold(hash: string, changes: Partial<ReportedHold> = {}): ReportedHold {
  return {
    provider: 'contoso',
    hash,
    reasons: ['34 of 300 people would go'],
    changes: [],
    discarded: false,
    ...changes,
  }
}

/** Reports the runs one after the other and gives the types of events that each gave. */
function eventsOf(...runs: readonly RunReport[]): readonly (readonly string[])[] {
  let before: ReadonlyMap<string, Reported> = new Map()
  return runs.map((report) => {
    const { events, after } = eventsOfRun({ report, before, reportRuns: 'digest', waiting: new Map() })
    before = after
    return events.map(({ type }) => type)
  })
}

test('an uneventful run gives nothing to report', () => {
  expect(eventsOf(run(), run({ outcome: 'applied', changesInAll: 3 }))).toEqual([[], []])
})

test('three failures in a row are reported once, and the recovery once', () => {
  expect(eventsOf(failed, failed, failed, failed, run(), run())).toEqual([
    [],
    [],
    ['provider.failing'],
    [],
    ['provider.recovered'],
    [],
  ])
})

test('a success in between ends the streak; cancelled runs and approvals do not', () => {
  expect(eventsOf(failed, failed, run(), failed, failed).flat()).toEqual([])
  const approval = run({ trigger: 'approve by ada', outcome: 'applied', mode: 'none' })
  expect(eventsOf(failed, run({ outcome: 'cancelled' }), failed, approval, failed).flat()).toEqual(['provider.failing'])
})

test('held changes are reported once for each plan, also after a run that failed in between', () => {
  const held = (hash: string) => run({ outcome: 'held', held: [hold(hash)] })
  expect(eventsOf(held('aa'), held('aa'), failed, held('aa'), held('bb'))).toEqual([
    ['changes.held'],
    [],
    [],
    [],
    ['changes.held'],
  ])
})

test('changes that are held anew after they were gone are reported anew; discarded ones are not', () => {
  const held = run({ outcome: 'held', held: [hold('aa')] })
  expect(eventsOf(held, run(), held).flat()).toEqual(['changes.held', 'changes.held'])
  expect(eventsOf(run({ held: [hold('aa', { discarded: true })] })).flat()).toEqual([])
})

test('changes of another provider held by a run are reported as that provider’s', () => {
  const report = run({ outcome: 'held', held: [hold('aa', { provider: 'acme' })] })
  const { events, after } = eventsOfRun({ report, before: new Map(), reportRuns: 'digest', waiting: new Map() })
  expect(events).toMatchObject([{ type: 'changes.held', provider: 'acme' }])
  expect(after.get('acme')).toMatchObject({ heldHash: 'aa', lastSuccess: null })
})

test.each(['manual', 'command'])('a run by "%s" always reports its numbers, failed or unchanged', (trigger) => {
  expect(eventsOf(run({ trigger }), run({ trigger, outcome: 'failed', error: 'x' }))).toEqual([
    ['run.finished'],
    ['run.finished'],
  ])
})

test('each run that changed something is reported where that is the setting', () => {
  const each = (report: RunReport) =>
    eventsOfRun({ report, before: new Map(), reportRuns: 'each', waiting: new Map() }).events.map(({ type }) => type)
  expect(each(run({ outcome: 'applied', changesInAll: 2 }))).toEqual(['run.finished'])
  expect(each(run())).toEqual([])
})

test('a success is remembered with its time, a failure with the start of the streak', () => {
  const facts = { before: new Map(), reportRuns: 'digest', waiting: new Map() } as const
  expect(eventsOfRun({ ...facts, report: run() }).after.get('contoso')).toEqual({
    ...nothingReported,
    lastSuccess: finished,
  })
  expect(eventsOfRun({ ...facts, report: failed }).after.get('contoso')).toEqual({
    ...nothingReported,
    failures: 1,
    failingSince: started,
  })
})
