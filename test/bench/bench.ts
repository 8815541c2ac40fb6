import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '../builders/command-line.ts'
import { bcryptData, type BenchData, benchData, certificate, checkMachine, loadGenerator } from './bench-data.ts'
import { fillStore } from './filled-store.ts'
import { type BenchOptions, benchOptions, workloadNamed } from './bench-options.ts'
import { compare, measure } from './comparison.ts'
import type { LoadTarget } from './load.ts'
import { atRest, residentMib, startRosterd, startSlapd } from './measured-servers.ts'
import {
  type Measured,
  median,
  type OwnFigure,
  ownFigureTable,
  ownVerdict,
  pageWithResults,
  verdictOf,
  workloadTable,
} from './report.ts'
import { growthBounds, growthFrom, memoryBoundsMib, type Setting, startBoundsSeconds } from './workloads.ts'

/*
 * Compares `rosterd serve` with OpenLDAP's slapd on the same data, prints the tables, and writes them into docs/performance.md when
 * everything was measured.
 *
 *     npm run bench -- [--users 10000] [--groups 500] [--rounds 3] [--seconds 2] [--quick] [--workloads bind,login] [--growth]
 */

/** More people than this are written into the store at once: a run of a provider has everything in memory as objects, 15 KiB a person. */
const mostByProvider = 300_000
/** So many people at most where passwords are bcrypt: the rest of that data is written anew, in memory. */
const mostInBcrypt = 10_000

const page = join(import.meta.dirname, '../../docs/performance.md')
const folder = await mkdtemp(join(tmpdir(), 'rosterd-bench-'))
try {
  const options = benchOptions(process.argv.slice(2))
  checkMachine(true)
  const generator = await loadGenerator()
  const own = await ownFigures(generator, options)
  const compared: Measured[] = []
  for (const setting of ['usual', 'rsa', 'bcrypt'] as const)
    compared.push(...(await comparedIn(generator, options, setting)))
  const results = options.workloads.flatMap((workload) => compared.filter((measured) => measured.workload === workload))
  const text = `${await circumstances()}\n\n${workloadTable(results)}\n\n${ownFigureTable(own)}\n`
  process.stdout.write(text)
  const problems = results.flatMap(({ problem }) => (problem === undefined ? [] : [problem]))
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  const missed = [
    ...results.filter((measured) => verdictOf(measured) === 'no').map(({ workload }) => workload.title),
    ...own.filter(({ rosterd, bounds }) => bounds && ownVerdict(rosterd, bounds) === 'no').map(({ title }) => title),
  ]
  process.stdout.write(missed.length > 0 ? `\nbelow the floor: ${missed.join('; ')}\n` : '\nevery floor holds\n')
  if (problems.length > 0) process.exitCode = 1
  else if (options.isWhole) {
    await writeFile(page, pageWithResults(await readFile(page, 'utf8'), options.users, text))
    process.stdout.write('written into docs/performance.md\n')
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  await rm(folder, { recursive: true })
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Both servers, pinned to one core, in one of the settings. */
async function comparedIn(generator: string, options: BenchOptions, setting: Setting): Promise<readonly Measured[]> {
  const chosen = options.workloads.filter((workload) => workload.setting === setting)
  if (chosen.length === 0) return []
  const isBcrypt = setting === 'bcrypt'
  const users = isBcrypt ? Math.min(options.users, mostInBcrypt) : options.users
  const data = await (isBcrypt ? bcryptData : benchData)(users, options.groups)
  const tls = await certificate(setting === 'rsa' ? 'RSA-2048' : 'P-256', folder)
  progress(`starting both servers: ${setting}, ${users} people`)
  // The store of the figures before is there, except for other data.
  const isFilled = users > mostByProvider
  const ours = { data, tls, folder: join(folder, isBcrypt ? 'rosterd-bcrypt' : 'rosterd'), isPinned: true, isFilled }
  await using rosterd = await startRosterd({ ...ours, recentBindMinutes: isBcrypt ? 0 : 10 })
  await using slapd = await startSlapd({ ...ours, folder: join(folder, `slapd-${setting}`) }, isBcrypt ? 16 : 4)
  await atRest(rosterd.pid)
  return await compare(generator, { slapd, rosterd }, { ...options, users }, chosen, progress)
}

/** Starts each server on its data for the second time, on all cores. */
async function ownFigures(generator: string, options: BenchOptions): Promise<readonly OwnFigure[]> {
  const { users, groups } = options
  const data = await benchData(users, groups)
  const tls = await certificate('P-256', folder)
  const isFilled = users > mostByProvider
  const at = (name: string) => ({ data, tls, folder: join(folder, name), isPinned: false, isFilled })
  progress(`filling the directory: ${users} people`)
  await fill(at('rosterd'))
  const ours = await startAndRest(startRosterd, at('rosterd'))
  const theirs = await startAndRest(startSlapd, at('slapd'))
  const figures: OwnFigure[] = [
    {
      title: 'resident memory at rest',
      unit: 'MiB',
      slapd: theirs.mib,
      rosterd: ours.mib,
      bounds: memoryBoundsMib.get(users),
    },
    {
      title: 'start to first answer',
      unit: 's',
      slapd: theirs.startSeconds,
      rosterd: ours.startSeconds,
      bounds: startBoundsSeconds.get(users),
    },
  ]
  if (options.growth) {
    const small = {
      data: await benchData(growthFrom, groups),
      tls,
      folder: join(folder, 'rosterd-small'),
      isPinned: false,
    }
    await fill(small)
    figures.push({
      title: `CPU of search-uid, divided by that among ${growthFrom.toLocaleString('en')}`,
      unit: '×',
      rosterd: await growthOfSearches(generator, options, small, at('rosterd')),
      bounds: growthBounds,
    })
  }
  return figures
}

type At = Parameters<typeof startRosterd>[0] & { readonly data: BenchData }

async function fill(at: At): Promise<void> {
  if (at.isFilled) await fillStore(at.data.file, join(at.folder, 'store'))
  await using server = await startRosterd(at)
  await atRest(server.pid)
}

async function startAndRest(start: typeof startRosterd | typeof startSlapd, at: At) {
  await using server = await start(at)
  await atRest(server.pid)
  return { startSeconds: server.startSeconds, mib: await residentMib(server.pid) }
}

/** How many times the CPU of a search among few a search among many takes. */
async function growthOfSearches(generator: string, options: BenchOptions, few: At, many: At): Promise<number> {
  await using small = await startRosterd({ ...few, isPinned: true })
  await using large = await startRosterd({ ...many, isPinned: true })
  await atRest(small.pid)
  await atRest(large.pid)
  const cpuOf = async (server: LoadTarget) =>
    (await measure(generator, server, workloadNamed('search-uid'), options)).server_cpu_us_per_op
  const cpu = { small: [] as number[], large: [] as number[] }
  for (let round = 0; round < options.rounds; round++) {
    cpu.small.push(await cpuOf(small))
    cpu.large.push(await cpuOf(large))
  }
  return median(cpu.large) / median(cpu.small)
}

/** Where, when and by which command. */
async function circumstances(): Promise<string> {
  const { stdout } = await runProgram('git', ['-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD'])
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--'] : []), ...process.argv.slice(2)].join(' ')
  const day = new Date().toISOString().slice(0, 10)
  return `\`${command}\`; ${day}, Node ${process.version}, ${machine}${stdout.trim() === '' ? '' : `, commit ${stdout.trim()}`}.`
}
