import { readFile, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RunReport } from '../../sync/run-report.ts'
import { configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader } from '../builders/running-ldap-server.ts'
import { startTenant } from './bench-tenant.ts'

/*
 * What sync runs of a large tenant cost, and what LDAP clients notice of them. Tenant, server and client are processes of their
 * own. Prints a table and the JSON behind it.
 *
 *     npm run bench:sync -- [people] [groups] [memberships] [largest group] [milliseconds an answer takes]
 */

const [people = 10_000, groups = 500, memberships = 50_000, largest = 5_000, answerMs = 100] = process.argv
  .slice(2)
  .map(Number)

interface Measured {
  readonly run: string
  readonly report: RunReport
  /** Milliseconds, of a client that asks for one person after the other. */
  readonly p50: number
  readonly p99: number
}

await using tenant = await startTenant(people, groups, memberships, largest, answerMs)
const caFile = join(tmpdir(), `rosterd-bench-${process.pid}.pem`)
await writeFile(caFile, tenant.settings.caPem)
await using folder = await configuredFolder({ providers: [tenant.settings.provider], caFile })
await using server = await folder.serve()
const first = await firstRun()
const results: Measured[] = []
const idle = await latenciesDuring(server, () => delay(10_000))
results.push(await measure('everything, nothing changed', '--full'))
results.push(await measure('changes, none'))
await tenant.change(Math.ceil(people / 100))
results.push(await measure('changes, 1 % of the people'))
await tenant.change(people)
results.push(await measure('everything, everybody changed', '--full'))
const peak = await peakMebibytes(server.pid)
print()

/** The record of the run, with the time of its own commit, which only the log tells. */
async function firstRun(): Promise<RunReport> {
  const { runs } = JSON.parse((await folder.run('runs', '--json')).stdout) as { runs: RunReport[] }
  const logged = server.lines.find((line) => line.includes('"sync run"')) ?? '{}'
  const { seconds } = JSON.parse(logged) as Pick<RunReport, 'seconds'>
  const [record] = runs
  if (record === undefined || record.error !== null) throw new Error(`the first run failed: ${record?.error ?? logged}`)
  return { ...record, seconds }
}

async function measure(run: string, ...options: readonly string[]): Promise<Measured> {
  let output = ''
  const { p50, p99 } = await latenciesDuring(server, async () => {
    output = (await folder.run('sync', '--json', ...options)).stdout
  })
  const [report] = JSON.parse(output) as RunReport[]
  if (report === undefined || report.error !== null) throw new Error(`${run}: ${report?.error ?? output}`)
  return { run, report, p50, p99 }
}

/** Asks for people one after the other, five milliseconds apart, until the work is done. */
async function latenciesDuring({ ports }: ServingProcess, work: () => Promise<unknown>) {
  await using client = await RawLdapClient.connect(ports.ldap)
  await client.bind(reader.dn, reader.password)
  const taken: number[] = []
  let done = false
  const working = work().finally(() => (done = true))
  for (let i = 0; !done; i++) {
    const filter = `(&(objectClass=posixAccount)(uid=person${(i * 7919) % people}))`
    const before = performance.now()
    const { entries } = await client.search({ filter })
    if (entries.length !== 1) throw new Error(`${filter} found ${entries.length} entries`)
    taken.push(performance.now() - before)
    await delay(5)
  }
  await working
  taken.sort((a, b) => a - b)
  const at = (share: number) => taken[Math.min(taken.length - 1, Math.floor(share * taken.length))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}

async function peakMebibytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

function print(): void {
  const rows = [{ run: 'first', report: first, p50: Number.NaN, p99: Number.NaN }, ...results]
  const lines = rows.flatMap(({ run, report, p50, p99 }) => {
    const { fetch, map, plan, apply } = report.seconds
    const own = map + plan + apply
    const cells = [
      run,
      report.calls,
      (report.bytes / 2 ** 20).toFixed(0),
      ...[fetch, map, plan, apply].map((seconds) => seconds.toFixed(1)),
      `${((own / fetch) * 100).toFixed(0)} %`,
      report.changesInAll,
      Number.isNaN(p99) ? '' : `${p50.toFixed(2)} / ${p99.toFixed(2)}`,
    ]
    return [`| ${cells.join(' | ')} |`]
  })
  process.stdout.write(
    [
      `${people} people, ${groups} groups, ${memberships} memberships, the largest group ${largest}, an answer takes ${answerMs} ms`,
      `${new Date().toISOString()}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
      '',
      '| run | calls | MiB read | fetch s | map s | plan s | apply s | own / fetch | changes | LDAP p50 / p99 ms |',
      '|---|---|---|---|---|---|---|---|---|---|',
      ...lines,
      '',
      `LDAP idle: p50 ${idle.p50.toFixed(2)} ms, p99 ${idle.p99.toFixed(2)} ms. Peak memory of the server: ${peak} MiB.`,
      '',
    ].join('\n'),
  )
}
