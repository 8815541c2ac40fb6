import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { RunReport } from '../../sync/run-report.ts'
import { configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader } from '../builders/running-ldap-server.ts'
import { positive } from './bench-options.ts'
import { startTenant } from './bench-tenant.ts'
import { type MemorySample, memoryTrend } from './memory-trend.ts'

/*
 * Whether the memory of a server stays as it is while people change: a simulated tenant, a sync of changes after the other, and a
 * client that asks all the time. Prints a line every minute.
 *
 *     npm run bench:churn -- [--users 100000] [--minutes 60] [--changes 10]
 *
 * `--changes`: people a second. A run takes those of the time since the last.
 */

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    minutes: { type: 'string', default: '60' },
    changes: { type: 'string', default: '10' },
  },
})
const users = positive('users', values.users, true)
const minutes = positive('minutes', values.minutes, true)
const changes = positive('changes', values.changes)
/** Between the beginnings of two syncs, at least. */
const pauseMs = 10_000
const searchEveryMs = 10

await using tenant = await startTenant(users, 500, users * 5, Math.ceil(users / 20), 0)
const caFile = join(tmpdir(), `rosterd-churn-${process.pid}.pem`)
await writeFile(caFile, tenant.settings.caPem)
await using folder = await configuredFolder({ providers: [tenant.settings.provider], caFile })
await using server = await folder.serve()
let changed = 0
const end = new AbortController()
const beside = [churn(end.signal), askOn(server, end.signal)]
for (const work of beside) work.catch(() => end.abort()) // told at the end
const samples: MemorySample[] = []
process.stdout.write('| minute | RSS MiB | heap MiB | people changed |\n| --- | --- | --- | --- |\n')
for (let minute = 1; minute <= minutes && !end.signal.aborted; minute++) {
  await delay(60_000, undefined, { signal: end.signal }).catch(() => undefined)
  if (end.signal.aborted) break
  const sample = { minute, ...(await memoryOf(server)) }
  samples.push(sample)
  const { residentMib, heapMib } = sample
  process.stdout.write(`| ${minute} | ${residentMib.toFixed(0)} | ${heapMib.toFixed(0)} | ${changed} |\n`)
}
end.abort()
await Promise.all(beside)
for (const [name, figure] of [
  ['RSS', 'residentMib'],
  ['heap', 'heapMib'],
] as const) {
  const trend = memoryTrend(samples, figure)
  process.stdout.write(
    trend
      ? `${name}: ${trend.early.toFixed(0)} MiB in minutes 5 to 15, ${trend.late.toFixed(0)} MiB in the last ten: ${trend.isSteady ? 'within' : 'not within'} 10 %\n`
      : `${name}: too short to say; give --minutes 25 or more\n`,
  )
  if (trend?.isSteady === false) process.exitCode = 1
}

/** Syncs what has changed, run after run. */
async function churn(signal: AbortSignal): Promise<void> {
  const began = performance.now()
  while (!signal.aborted) {
    const next = performance.now() + pauseMs
    const due = Math.floor(((performance.now() - began) / 1000) * changes) - changed
    if (due > 0) {
      await tenant.change(due)
      const { stdout, stderr } = await folder.run('sync', '--json')
      const [report] = JSON.parse(stdout || '[]') as RunReport[]
      if (report === undefined || report.error !== null) throw new Error(`sync: ${report?.error ?? stderr}`)
      if (report.changesInAll < Math.min(due, users))
        throw new Error(`${due} people had changed, and the sync took over ${report.changesInAll} changes`)
      changed += due
    }
    await delay(Math.max(0, next - performance.now()), undefined, { signal }).catch(() => undefined)
  }
}

/** A client that is never done. */
async function askOn({ ports }: ServingProcess, signal: AbortSignal): Promise<void> {
  await using client = await RawLdapClient.connect(ports.ldap)
  await client.bind(reader.dn, reader.password)
  for (let i = 0; !signal.aborted; i++) {
    const filter = `(&(objectClass=posixAccount)(uid=person${(i * 7919) % users}))`
    const { entries } = await client.search({ filter })
    if (entries.length !== 1) throw new Error(`${filter} found ${entries.length} entries`)
    await delay(searchEveryMs)
  }
}

async function memoryOf({ pid, ports }: ServingProcess) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const metrics = await (await fetch(`http://127.0.0.1:${ports.admin}/metrics`)).text()
  const heap = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(metrics)?.[1]
  return { residentMib: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, heapMib: Number(heap) / 2 ** 20 }
}
