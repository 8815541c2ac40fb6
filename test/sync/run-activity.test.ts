import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { RunActivity } from '../../sync/run-activity.ts'
import { entraUserId, fillSmallTenants } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants, type SyncFixture } from './sync-fixture.ts'

let tenants: SimulatedTenants
let sync: SyncFixture
let activities: RunActivity[]
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  fillSmallTenants(tenants)
  sync = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
  activities = []
})
afterEach(() => tenants.close())

const steps = () =>
  activities.flatMap((activity) => (activity.type === 'step' ? [[activity.step, activity.count]] : []))

test('a run tells that it started, its steps with counts, and how it ended', async () => {
  sync.engine.onActivity((activity) => activities.push(activity))
  const progress: (string | number)[][] = []
  const onProgress = ({ step, count }: { step: string; count: number }) => void progress.push([step, count])
  const report = await sync.engine.run('contoso', { trigger: 'test', onProgress })
  const about = { run: report.id, provider: 'contoso' }
  expect(activities.every(({ run, provider }) => run === about.run && provider === about.provider)).toBe(true)
  expect(activities[0]).toEqual({ ...about, type: 'started', trigger: 'test', dryRun: false })
  expect(activities.at(-1)).toEqual({
    ...about,
    type: 'ended',
    outcome: 'applied',
    changesInAll: report.changesInAll,
    error: null,
  })
  expect(steps()).toEqual(progress)
  expect(progress).toEqual(
    expect.arrayContaining([
      ['users', 5],
      ['groups', 3],
      ['members', 3],
    ]),
  )
  const entries = [...sync.directory.entries()].length
  expect(progress.slice(-3)).toEqual([
    ['map', entries],
    ['plan', report.changesInAll],
    ['apply', report.changesInAll],
  ])
})

test('which runs are under way, and how far they are, is known at any moment', async () => {
  const { runsUnderWay, engine } = sync
  const seen: unknown[] = []
  const forget = runsUnderWay.listen(() => {
    const [run] = runsUnderWay.list()
    seen.push([runsUnderWay.turns, run?.provider, run?.step, run?.count])
  })
  const [contoso, acme] = await Promise.all([
    engine.run('contoso', { trigger: 'test' }),
    engine.run('acme', { trigger: 'test' }),
  ])
  expect([contoso.outcome, acme.outcome, runsUnderWay.list(), runsUnderWay.turns]).toEqual([
    'applied',
    'applied',
    [],
    4,
  ])
  expect(seen[0]).toEqual([1, 'contoso', null, 0])
  expect(seen).toContainEqual([1, 'contoso', 'users', 5])
  expect(seen).toContainEqual([3, 'acme', 'apply', acme.changesInAll])
  expect(seen.at(-1)).toEqual([4, undefined, undefined, undefined])
  const heard = seen.length
  forget()
  await engine.run('contoso', { trigger: 'test' })
  expect([runsUnderWay.turns, seen.length]).toEqual([6, heard])
})

test('a dry run ends with the plan, a quiet one with the fetch, a failed one with the reason', async () => {
  sync.engine.onActivity((activity) => activities.push(activity))
  await sync.engine.run('contoso', { trigger: 'test', dryRun: true })
  expect(steps().at(-1)?.[0]).toBe('plan')
  await sync.engine.run('contoso', { trigger: 'test' })
  activities.length = 0
  await sync.engine.run('contoso', { trigger: 'test' })
  expect(steps().map(([step]) => step)).not.toContain('map')
  expect(activities.at(-1)).toMatchObject({ type: 'ended', outcome: 'unchanged' })
  tenants.entra.tenant.faults.add({ kind: 'forbidden', path: '/users/delta' })
  await sync.engine.run('contoso', { trigger: 'test' })
  expect(activities.at(-1)).toMatchObject({ type: 'ended', outcome: 'failed', error: expect.stringContaining('403') })
})

test('two runs started at once wait in line', async () => {
  sync.engine.onActivity((activity) => activities.push(activity))
  const [first, second] = await Promise.all([
    sync.engine.run('contoso', { trigger: 'first' }),
    sync.engine.run('contoso', { trigger: 'second' }),
  ])
  expect([first.outcome, second.outcome]).toEqual(['applied', 'unchanged'])
  const bounds = activities.flatMap(({ type, run }) => (type === 'step' ? [] : [[type, run]]))
  expect(bounds).toEqual([
    ['started', first.id],
    ['ended', first.id],
    ['started', second.id],
    ['ended', second.id],
  ])
})

test('whoever listens neither stops a run nor hears more than was asked for', async () => {
  sync.engine.onActivity(() => {
    throw new Error('the page has gone')
  })
  const stop = sync.engine.onActivity((activity) => activities.push(activity))
  expect(await sync.engine.run('contoso', { trigger: 'test' })).toMatchObject({ outcome: 'applied' })
  stop()
  const { length } = activities
  expect(length).toBeGreaterThan(2)
  await sync.engine.run('acme', { trigger: 'test' })
  expect(activities).toHaveLength(length)
})

test('a run that reads nothing, and one of a person nobody knows, have a beginning and an end', async () => {
  await sync.engine.run('contoso', { trigger: 'test' })
  await sync.engine.control.pause('contoso', { kind: 'administrator', reason: 'test', by: 'ada' })
  tenants.entra.tenant.directory.updateUser(entraUserId(1), { jobTitle: 'Engineer' })
  await sync.engine.run('contoso', { trigger: 'test' })
  sync.engine.onActivity((activity) => activities.push(activity))
  await sync.engine.control.resume('contoso', 'ada')
  await sync.engine.runPerson('nobody@contoso.example', { trigger: 'person' }, 'contoso')
  expect(activities.filter(({ type }) => type !== 'step')).toMatchObject([
    { type: 'started', trigger: 'resume by ada' },
    { type: 'ended', outcome: 'applied' },
    { type: 'started', trigger: 'person' },
    { type: 'ended', outcome: 'unchanged' },
  ])
  expect((await sync.engine.runs('contoso')).map(({ outcome }) => outcome)).not.toContain('running')
})
