import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { benchData, checkMachine, loadGenerator } from './bench-data.ts'
import { cores, load } from './load.ts'
import { median } from './report.ts'

/*
 * What a bind and a connection take of a server of Node that does nothing, on one core: what is below it no server of Node reaches.
 *
 *     npm run bench:socket
 */

const rounds = 5

checkMachine(false)
const generator = await loadGenerator()
const { answers } = await benchData(10_000, 500)
const program = join(import.meta.dirname, 'bare-server-process.ts')
const server = spawn('taskset', ['-c', cores.server, process.execPath, program], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
try {
  const [port] = (await once(createInterface({ input: server.stdout }), 'line')) as [string]
  const target = { pid: server.pid ?? -1, port: Number(port), tlsPort: 0, answers }
  for (const workload of ['bind', 'connect']) {
    const taken: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const run = await load(generator, target, ['-w', workload, '-c', '16', '-W', '1', '-d', '2'])
      taken.push(run.server_cpu_us_per_op)
    }
    process.stdout.write(`${workload}: ${median(taken).toFixed(1)} µs of CPU\n`)
  }
} finally {
  server.kill()
}
