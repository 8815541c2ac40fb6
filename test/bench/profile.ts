import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bcryptData, benchData, certificate, checkMachine, loadGenerator } from './bench-data.ts'
import { positive, workloadNamed } from './bench-options.ts'
import { bindEverybody, measure } from './comparison.ts'
import { type CpuProfile, selfTimes, selfTimeTable, threadOf } from './cpu-profile.ts'
import { atRest, startRosterd } from './measured-servers.ts'

/*
 * Where the server spends its time during a workload: prints the functions with the most of their own, and leaves the profiles, for
 * the tools of a browser, in a folder.
 *
 *     npm run profile -- WORKLOAD [--users 10000] [--groups 500] [--seconds 5]
 */

const functionsShown = { 'LDAP thread': 20, 'main thread': 5, 'another thread': 0 } as const

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      users: { type: 'string', default: '10000' },
      groups: { type: 'string', default: '500' },
      seconds: { type: 'string', default: '5' },
    },
  })
  const workload = workloadNamed(positionals[0] ?? '(none)')
  const seconds = positive('seconds', values.seconds)
  const users = positive('users', values.users, true)
  const groups = positive('groups', values.groups, true)
  checkMachine(false)
  const generator = await loadGenerator()
  const isBcrypt = workload.setting === 'bcrypt'
  const data = await (isBcrypt ? bcryptData : benchData)(users, groups)
  const profiles = await mkdtemp(join(tmpdir(), `rosterd-profile-${workload.name}-`))
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-bench-'))
  try {
    const tls = await certificate(workload.setting === 'rsa' ? 'RSA-2048' : 'P-256', folder)
    const at = { data, tls, folder, isPinned: true, recentBindMinutes: isBcrypt ? 0 : 10 }
    await fill(at)
    const window = { from: 0, to: 0 }
    {
      await using server = await startRosterd({ ...at, nodeOptions: `--cpu-prof --cpu-prof-dir=${profiles}` })
      await atRest(server.pid)
      if (workload.name === 'bind') await bindEverybody(generator, server, users)
      const lengths = { users, seconds, warmUpSeconds: 1 }
      await measure(generator, server, workload, { ...lengths, seconds: 1 })
      window.from = microseconds()
      const run = await measure(generator, server, workload, lengths)
      window.to = microseconds()
      process.stdout.write(`${workload.title}: ${run.ops} operations, ${run.server_cpu_us_per_op} µs of CPU each\n`)
    }
    await print(profiles, window)
  } finally {
    await rm(folder, { recursive: true })
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

/** What fills the directory is no part of the profile. */
async function fill(at: Parameters<typeof startRosterd>[0]): Promise<void> {
  await using server = await startRosterd(at)
  await atRest(server.pid)
}

async function print(profiles: string, window: { readonly from: number; readonly to: number }): Promise<void> {
  for (const name of await readdir(profiles)) {
    const file = join(profiles, name)
    const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile
    const thread = threadOf(profile)
    const most = functionsShown[thread]
    if (most > 0) process.stdout.write(`\n${thread}, ${file}\n${selfTimeTable(selfTimes(profile, window), most)}\n`)
  }
}

/** Of the clock that profiles have, which is the machine's. */
function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
