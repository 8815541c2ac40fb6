import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** A process at one moment. */
export interface Figures {
  /** Seconds since the soak began. */
  readonly atSeconds: number
  readonly residentMiB: number
  /** JavaScript heaps of all threads, without garbage. */
  readonly heapMiB: number
  readonly sockets: number
  /** Other descriptors, without the tables of the store, of which LevelDB keeps as many open as there are. */
  readonly files: number
  readonly threads: number
}

/** Of a process that has loaded collect-garbage.mjs; `lines` is what it prints. */
export async function figuresOf(pid: number, lines: readonly string[], atSeconds: number): Promise<Figures> {
  const seen = lines.length
  process.kill(pid, 'SIGUSR2')
  const collected = () => lines.slice(seen).filter((line) => line.startsWith('{"event":"garbage collected"'))
  while (!collected().some((line) => line.includes('"threadId":0,'))) await delay(10)
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const ofStatus = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return {
    atSeconds,
    residentMiB: ofStatus('VmRSS') / 1024,
    heapMiB: heapMiB(lines),
    ...(await descriptorsOf(pid)),
    threads: ofStatus('Threads'),
  }
}

/** Of all threads, each as it said last. */
function heapMiB(lines: readonly string[]): number {
  const latest = new Map<number, number>()
  for (const line of lines) {
    if (!line.startsWith('{"event":"garbage collected"')) continue
    const { threadId, heapMiB } = JSON.parse(line) as { readonly threadId: number; readonly heapMiB: number }
    latest.set(threadId, heapMiB)
  }
  return [...latest.values()].reduce((sum, each) => sum + each, 0)
}

export async function descriptorsOf(pid: number): Promise<Pick<Figures, 'sockets' | 'files'>> {
  const folder = `/proc/${pid}/fd`
  // One that was closed since it was listed has no target.
  const targets = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => null)))
  const open = targets.filter((target) => target !== null)
  const sockets = open.filter((target) => target.startsWith('socket:')).length
  const tables = open.filter((target) => /\.ldb( \(deleted\))?$/.test(target)).length
  return { sockets, files: open.length - sockets - tables }
}

export interface Course {
  readonly warmUp: Figures
  /** Medians of four equal parts of the time after the warm-up. */
  readonly quarters: readonly [Figures, Figures, Figures, Figures]
}

/** What came of a soak; figures of the first `warmUpSeconds` count for nothing else. Throws when a part has none. */
export function courseOf(figures: readonly Figures[], warmUpSeconds: number): Course {
  const last = figures.at(-1)?.atSeconds ?? 0
  const quarterSeconds = (last - warmUpSeconds) / 4
  const partOf = ({ atSeconds }: Figures) => {
    if (atSeconds < warmUpSeconds) return 0
    return Math.min(4, 1 + Math.floor((atSeconds - warmUpSeconds) / quarterSeconds))
  }
  const part = (number: number) => medians(figures.filter((each) => partOf(each) === number))
  return { warmUp: part(0), quarters: [part(1), part(2), part(3), part(4)] }
}

function medians(figures: readonly Figures[]): Figures {
  const median = (name: keyof Figures) => {
    const sorted = figures.map((each) => each[name]).sort((a, b) => a - b)
    const middle = sorted[Math.floor(sorted.length / 2)]
    if (middle === undefined) throw new Error('no figures of a part of the soak: sample more often, or soak longer')
    return middle
  }
  return {
    atSeconds: median('atSeconds'),
    residentMiB: median('residentMiB'),
    heapMiB: median('heapMiB'),
    sockets: median('sockets'),
    files: median('files'),
    threads: median('threads'),
  }
}

/** By how much the last quarter is above the second, as a share of it: what is resident, and the heap. */
export function growthOf({ quarters: [, second, , last] }: Course): {
  readonly resident: number
  readonly heap: number
} {
  return {
    resident: last.residentMiB / second.residentMiB - 1,
    heap: last.heapMiB / second.heapMiB - 1,
  }
}

/** In Markdown, as docs/reliability.md has it. */
export function courseTable(course: Course, end: Figures): string {
  const row = (name: string, { residentMiB, heapMiB, sockets, files, threads }: Figures) =>
    `| ${name} | ${residentMiB.toFixed(0)} | ${heapMiB.toFixed(0)} | ${sockets} | ${files} | ${threads} |\n`
  const quarters = course.quarters.map((quarter, index) => row(`quarter ${index + 1}`, quarter)).join('')
  return `| median of | resident MiB | heap MiB | sockets | files | threads |\n|---|---|---|---|---|---|\n${row('warm-up', course.warmUp)}${quarters}${row('at rest afterwards', end)}`
}
