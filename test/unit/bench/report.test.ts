import { expect, test } from 'vitest'
import { workloadNamed } from '../../bench/bench-options.ts'
import type { LoadRun } from '../../bench/load.ts'
import { ownFigureTable, ownVerdict, pageWithResults, verdictOf, workloadTable } from '../../bench/report.ts'

const runOf = (cpu: number, p99 = 2_000): LoadRun => ({
  ops: 1_000,
  ops_per_s: 500,
  server_cpu_us_per_op: cpu,
  p50_us: 500,
  p99_us: p99,
  errors: {},
})
const runs = (...cpu: number[]) => cpu.map((one) => runOf(one))
const searches = workloadNamed('search-uid') // floor 2.5, goal 5

test('a row has the medians of both servers and their ratio', () => {
  const table = workloadTable([{ workload: searches, slapd: runs(30, 90, 33), rosterd: runs(11, 1, 12) }])
  expect(table.split('\n')[2]).toBe('| search-uid | 33.0 | 11.0 | 3.00 | 0.50 / 2.00 | 0.50 / 2.00 | 2.5 | 5 | yes |')
})

test.each([
  [50, 'goal'],
  [25, 'yes'],
  [24, 'no'],
])('when slapd takes %d µs and ours 10, the floor of 2.5 and the goal of 5: %s', (cpu, verdict) => {
  expect(verdictOf({ workload: searches, slapd: runs(cpu), rosterd: runs(10) })).toBe(verdict)
})

test('latency is compared where that is the question', () => {
  const workload = workloadNamed('beside-enumerate')
  expect(verdictOf({ workload, slapd: [runOf(1, 900)], rosterd: [runOf(100, 300)] })).toBe('goal')
})

test('a workload with a wrong answer counts for nothing', () => {
  const measured = { workload: searches, slapd: runs(500), rosterd: runs(1), problem: 'one entry too few' }
  expect(verdictOf(measured)).toBe('no')
  expect(workloadTable([measured])).toContain('| search-uid |  |  |  |  |  | 2.5 | 5 | failed |')
})

test('what a server takes by itself is held against bounds where there are some', () => {
  const bounds = { floor: 350, goal: 250 }
  expect([ownVerdict(250, bounds), ownVerdict(350, bounds), ownVerdict(351, bounds)]).toEqual(['goal', 'yes', 'no'])
  const rows = ownFigureTable([
    { title: 'memory', unit: 'MiB', slapd: 100.4, rosterd: 300.2, bounds },
    { title: 'start', unit: 's', slapd: 0.04, rosterd: 1.234, bounds: undefined },
  ]).split('\n')
  expect(rows.slice(2)).toEqual([
    '| memory | 100 MiB | 300 MiB | 350 MiB | 250 MiB | yes |',
    '| start | 0.04 s | 1.23 s |  |  |  |',
  ])
})

const page = `# Performance

## Against OpenLDAP

What is measured.

### 1,000 people

one thousand

### 100,000 people

a hundred thousand

## Binds

stays
`

test('results take the place of those of the same size', () => {
  expect(pageWithResults(page, 1_000, 'new')).toBe(page.replace('one thousand', 'new'))
  expect(pageWithResults(page, 100_000, 'new\n')).toBe(page.replace('a hundred thousand', 'new'))
})

test('results of another size go between those of less and of more people', () => {
  expect(pageWithResults(page, 10_000, 'new')).toBe(
    page.replace('### 100,000', '### 10,000 people\n\nnew\n\n### 100,000'),
  )
})

test('the section may be the last of the page', () => {
  const last = page.slice(0, page.indexOf('\n## Binds'))
  expect(pageWithResults(last, 1_000_000, 'new')).toBe(`${last}\n### 1,000,000 people\n\nnew\n`)
})

test('a page without the section is refused', () => {
  expect(() => pageWithResults('# Performance\n', 1_000, 'new')).toThrow('no "## Against OpenLDAP"')
})
