import { setTimeout as delay } from 'node:timers/promises'
import { hashedPeople } from './bench-data.ts'
import type { BenchOptions } from './bench-options.ts'
import { load, type LoadRun, type LoadTarget } from './load.ts'
import type { Measured } from './report.ts'
import type { Workload } from './workloads.ts'

export interface BothServers {
  readonly slapd: LoadTarget
  readonly rosterd: LoadTarget
}

type Lengths = Pick<BenchOptions, 'users' | 'seconds' | 'warmUpSeconds'>

/** Measures the workloads in turn, one server after the other, as often as there are rounds. */
export async function compare(
  generator: string,
  servers: BothServers,
  options: BenchOptions,
  workloads: readonly Workload[],
  progress: (text: string) => void,
): Promise<readonly Measured[]> {
  const results = workloads.map((workload) => ({
    workload,
    slapd: [] as LoadRun[],
    rosterd: [] as LoadRun[],
    problems: [] as string[],
  }))
  if (workloads.some(({ name }) => name === 'bind')) await bindEverybody(generator, servers.rosterd, options.users)
  if (workloads.some(({ name }) => name === 'login')) await logEverybodyIn(generator, servers.rosterd, options.users)
  for (let round = 1; round <= options.rounds; round++) {
    for (const { workload, problems, ...runs } of results) {
      progress(`round ${round} of ${options.rounds}: ${workload.title}`)
      for (const server of ['slapd', 'rosterd'] as const) {
        try {
          runs[server].push(await measure(generator, servers[server], workload, options))
        } catch (error) {
          problems.push(`${workload.name}, ${server}: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
    }
  }
  return results.map(({ problems, ...result }) =>
    problems.length > 0 ? { ...result, problem: problems.join('\n') } : result,
  )
}

/** As many as the server remembers passwords of. */
const mostBound = 50_000

/** Afterwards the passwords of all that {@link measure} binds are known to be right. */
export async function bindEverybody(generator: string, server: LoadTarget, users: number): Promise<void> {
  await onceForEach(generator, server, 'bind', Math.min(users, mostBound))
}

/** Afterwards nobody's first sign-in from there is left, which is kept in the store. */
async function logEverybodyIn(generator: string, server: LoadTarget, users: number): Promise<void> {
  await onceForEach(generator, server, 'login', Math.min(users, mostBound))
}

/** Those in flight when the last is counted are a few more than it counts. */
async function onceForEach(generator: string, server: LoadTarget, workload: string, count: number): Promise<void> {
  const people = ['-u', String(count), '-n', String(count + 16)]
  await load(generator, server, ['-w', workload, '-c', '16', ...people, '-W', '0', ...longest])
}

const longest = ['-d', '3600']

/** Throws an Error when one answer is wrong, also of the load beside, and when none came in the time. */
export async function measure(
  generator: string,
  server: LoadTarget,
  workload: Workload,
  lengths: Lengths,
): Promise<LoadRun> {
  const run = await runOf(generator, server, workload, lengths)
  if (run.ops === 0) throw new Error('no operation came to its end in the time; give --seconds more')
  return run
}

async function runOf(
  generator: string,
  server: LoadTarget,
  workload: Workload,
  { users, seconds, warmUpSeconds }: Lengths,
): Promise<LoadRun> {
  const time = ['-W', String(warmUpSeconds), '-d', String(seconds)]
  if (workload.name === 'bind' || workload.name === 'login')
    return await load(generator, server, [...workload.load, '-u', String(Math.min(users, mostBound)), ...time])
  if (workload.name === 'enumerate') {
    // Whole enumerations are counted, however long one takes.
    await load(generator, server, [...workload.load, '-W', '0', '-d', String(warmUpSeconds)])
    const count = Math.max(1, Math.round((seconds * 100_000) / users))
    return await load(generator, server, [...workload.load, '-W', '0', '-n', String(count), ...longest])
  }
  if (!workload.beside) return await load(generator, server, [...workload.load, ...time])
  const whole = ['-W', '0', '-d', String(seconds + warmUpSeconds + 1)]
  const people = workload.setting === 'bcrypt' ? ['-u', String(hashedPeople)] : []
  const beside = load(generator, server, [...workload.beside, ...whole, ...people])
  beside.catch(() => undefined) // told when it is awaited
  await delay(500)
  const run = await load(generator, server, [...workload.load, ...time]).catch(async (error: unknown) => {
    await beside
    throw error
  })
  await beside
  return run
}
