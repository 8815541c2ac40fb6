import { runProgram } from '../builders/command-line.ts'

/** One line of the load generator. */
export interface LoadRun {
  readonly ops: number
  readonly ops_per_s: number
  readonly server_cpu_us_per_op: number
  readonly p50_us: number
  readonly p99_us: number
  readonly errors: Readonly<Record<string, number>>
}

/** A server that is asked, and what right answers are. */
export interface LoadTarget {
  readonly pid: number
  readonly port: number
  readonly tlsPort: number
  /** What the generator compares answers with. */
  readonly answers: string
}

export const cores = { server: '0', load: '1' } as const

/** Runs the generator on a core of its own. Throws an Error when one answer is wrong: such a run counts for nothing. */
export async function load(generator: string, target: LoadTarget, args: readonly string[]): Promise<LoadRun> {
  const port = args.includes('-T') ? target.tlsPort : target.port
  const all = [generator, '-v', '-p', String(port), '-s', String(target.pid), ...args, target.answers]
  const { exitCode, stdout, stderr } = await runProgram('taskset', ['-c', cores.load, ...all])
  if (exitCode !== 0) throw new Error(`${args.join(' ')}: ${stderr.trim()} ${stdout.trim()}`)
  return JSON.parse(stdout) as LoadRun
}
