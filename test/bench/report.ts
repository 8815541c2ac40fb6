import type { LoadRun } from './load.ts'
import type { Bounds, Workload } from './workloads.ts'

/** The runs of a workload that count, or why there are none. */
export interface Measured {
  readonly workload: Workload
  readonly slapd: readonly LoadRun[]
  readonly rosterd: readonly LoadRun[]
  readonly problem?: string
}

/** What a server takes by itself. */
export interface OwnFigure {
  readonly title: string
  readonly unit: string
  readonly slapd?: number
  readonly rosterd: number
  /** Undefined: nothing is asked of a directory of this size. */
  readonly bounds: Bounds | undefined
}

type Verdict = 'goal' | 'yes' | 'no'

/** Of the medians of both: how many times slapd's figure is ours. */
function ratioOf({ workload, slapd, rosterd }: Measured): number {
  const figure = (run: LoadRun) => (workload.compares === 'cpu' ? run.server_cpu_us_per_op : run.p99_us)
  return median(slapd.map(figure)) / median(rosterd.map(figure))
}

export function verdictOf(measured: Measured): Verdict {
  const ratio = ratioOf(measured)
  if (measured.problem !== undefined || Number.isNaN(ratio)) return 'no'
  return ratio >= measured.workload.goal ? 'goal' : ratio >= measured.workload.floor ? 'yes' : 'no'
}

export function workloadTable(results: readonly Measured[]): string {
  const rows = results.map((measured) => {
    const { workload, slapd, rosterd, problem } = measured
    const bounds = [`${workload.floor}`, `${workload.goal}`]
    if (problem !== undefined) return [workload.title, '', '', '', '', '', ...bounds, 'failed']
    return [
      workload.title,
      // What is beside a load of a fixed rate takes more of the CPU than the load.
      ...(workload.compares === 'cpu' ? [microseconds(slapd), microseconds(rosterd)] : ['', '']),
      ratioOf(measured).toFixed(2),
      latencies(slapd),
      latencies(rosterd),
      ...bounds,
      verdictOf(measured),
    ]
  })
  return table(
    [
      'workload',
      'slapd µs/op',
      'rosterd µs/op',
      'ratio',
      'slapd p50 / p99 ms',
      'rosterd p50 / p99 ms',
      'floor',
      'goal',
      'holds',
    ],
    rows,
  )
}

export function ownFigureTable(figures: readonly OwnFigure[]): string {
  const rows = figures.map(({ title, unit, slapd, rosterd, bounds }) => [
    title,
    slapd === undefined ? '' : shown(slapd, unit),
    shown(rosterd, unit),
    bounds ? shown(bounds.floor, unit) : '',
    bounds ? shown(bounds.goal, unit) : '',
    bounds ? ownVerdict(rosterd, bounds) : '',
  ])
  return table(['by itself', 'slapd', 'rosterd', 'floor', 'goal', 'holds'], rows)
}

export const ownVerdict = (figure: number, { floor, goal }: Bounds): Verdict =>
  figure <= goal ? 'goal' : figure <= floor ? 'yes' : 'no'

/**
 * The page with the results of this size in place of those before, sizes in order, everything else as it was. Throws an Error when
 * the page has no section for them.
 */
export function pageWithResults(page: string, users: number, results: string): string {
  const heading = '## Against OpenLDAP\n'
  const start = page.indexOf(heading)
  if (start < 0) throw new Error(`docs/performance.md has no "${heading.trim()}"; give it that heading again`)
  const next = page.indexOf('\n## ', start + heading.length)
  const end = next < 0 ? page.length : next + 1
  const [introduction = '', ...parts] = page.slice(start, end).split(/^(?=### )/m)
  const sizeOf = (part: string) => Number(/^### ([\d,]+) people/.exec(part)?.[1]?.replaceAll(',', ''))
  const kept = parts.filter((part) => sizeOf(part) !== users)
  const all = [...kept, `${sizeHeading(users)}\n\n${results.trim()}\n`].sort((a, b) => sizeOf(a) - sizeOf(b))
  const section = [introduction, ...all].map((part) => part.trimEnd()).join('\n\n')
  return `${page.slice(0, start)}${section}\n${next < 0 ? '' : '\n'}${page.slice(end)}`
}

const sizeHeading = (users: number) => `### ${users.toLocaleString('en')} people`

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const microseconds = (runs: readonly LoadRun[]) => median(runs.map((run) => run.server_cpu_us_per_op)).toFixed(1)

function latencies(runs: readonly LoadRun[]): string {
  const milliseconds = (pick: (run: LoadRun) => number) => (median(runs.map(pick)) / 1000).toFixed(2)
  return `${milliseconds((run) => run.p50_us)} / ${milliseconds((run) => run.p99_us)}`
}

const shown = (figure: number, unit: string) =>
  unit === 'MiB' ? `${figure.toFixed(0)} ${unit}` : `${figure.toFixed(2)}${unit === '×' ? '' : ' '}${unit}`
