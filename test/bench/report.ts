/** Prints the table of test/bench/against-openldap from its lines: `<workload> <server> <JSON of the load generator>`. */
import { readFileSync } from 'node:fs'

interface Run {
  readonly server_cpu_us_per_op: number
  readonly ops_per_s: number
  readonly p50_ms?: number
  readonly p99_ms?: number
  readonly errors: Readonly<Record<string, number>> | number
}

const [file = ''] = process.argv.slice(2)
const runs = new Map<string, Map<string, Run[]>>()
for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
  const [, workload = '', server = '', json = '{}'] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
  const byServer = runs.get(workload) ?? new Map<string, Run[]>()
  runs.set(workload, byServer)
  byServer.set(server, [...(byServer.get(server) ?? []), JSON.parse(json) as Run])
}

const countErrors = ({ errors }: Run) =>
  typeof errors === 'number' ? errors : Object.values(errors).reduce((sum, count) => sum + count, 0)
const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
const of = (list: readonly Run[] | undefined, pick: (run: Run) => number) => median((list ?? []).map(pick))

process.stdout.write(
  '| workload | ratio | rosterd µs/op | slapd µs/op | rosterd ops/s | slapd ops/s | errors |\n|---|---|---|---|---|---|---|\n',
)
for (const [workload, servers] of runs) {
  const [ours, theirs] = [servers.get('rosterd'), servers.get('slapd')]
  const cpu = (list: readonly Run[] | undefined) => of(list, (run) => run.server_cpu_us_per_op)
  const rate = (list: readonly Run[] | undefined) => Math.round(of(list, (run) => run.ops_per_s))
  const errors = [...(ours ?? []), ...(theirs ?? [])].reduce((sum, run) => sum + countErrors(run), 0)
  const ratio = (cpu(theirs) / cpu(ours)).toFixed(2)
  process.stdout.write(
    `| ${workload} | ${ratio} | ${cpu(ours).toFixed(1)} | ${cpu(theirs).toFixed(1)} | ${rate(ours)} | ${rate(theirs)} | ${errors} |\n`,
  )
}
