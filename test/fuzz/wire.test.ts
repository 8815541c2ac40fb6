import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bindOperation, message } from '../builders/client-requests.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader } from '../builders/running-ldap-server.ts'
import { mutate } from './mutate.ts'
import { seededRandom } from './random.ts'
import { throwAt } from './throw-at.ts'
import { validRequests } from './valid-requests.ts'

/*
 * Hostile bytes against `rosterd serve` in a process of its own. After every batch an ordinary search must be answered; at the end
 * the process has grown by no more than a bound, and reported no defect. ROSTERD_FUZZ_SEED repeats a run.
 */

const isLong = process.env['ROSTERD_LONG'] === '1'
const batches = isLong ? 10_000 : 150
const messagesPerBatch = 100
const seed = Number(process.env['ROSTERD_FUZZ_SEED'] ?? (isLong ? Date.now() % 1_000_000 : 1))

let folder: ConfiguredFolder
let server: ServingProcess
beforeAll(async () => {
  folder = await configuredFolder()
  server = await folder.serve()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

async function ordinarySearch(port: number): Promise<void> {
  await using client = await RawLdapClient.connect(port)
  await client.bind(reader.dn, reader.password)
  const { resultCode, entries } = await client.search({ filter: '(uid=ada)' })
  expect([resultCode, entries.length]).toEqual([0, 1])
}

function residentMiB(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

test('bytes that once did harm, and every valid request', async () => {
  const corpus = new URL('corpus/', import.meta.url)
  const kept = readdirSync(corpus).map((name) =>
    Buffer.from(readFileSync(new URL(name, corpus), 'utf8').replace(/#.*|\s/g, ''), 'hex'),
  )
  for (const bytes of [...kept, ...validRequests]) {
    await throwAt(server.ports.ldap, [bytes])
    await throwAt(server.ports.ldap, [message(1, bindOperation(reader.dn, reader.password)), bytes])
  }
  await ordinarySearch(server.ports.ldap)
})

test(`${batches * messagesPerBatch} mutated requests, seed ${seed}`, { timeout: 6 * 3_600_000 }, async () => {
  let settledMiB = 0
  for (let batch = 0; batch < batches; batch += 1) {
    const random = seededRandom(seed * 100_000 + batch)
    let left = messagesPerBatch
    while (left > 0) {
      const count = Math.min(left, 1 + random.below(10))
      const parts = Array.from({ length: count }, () =>
        random.next() < 0.1 ? random.pick(validRequests) : mutate(random.pick(validRequests), random),
      )
      if (random.next() < 0.7) parts.unshift(message(1, bindOperation(reader.dn, reader.password)))
      await throwAt(server.ports.ldap, parts)
      left -= count
    }
    await ordinarySearch(server.ports.ldap).catch((error: unknown) => {
      throw new Error(`seed ${seed}, batch ${batch}: no ordinary answer afterwards`, { cause: error })
    })
    if (batch === Math.floor(batches / 5)) settledMiB = residentMiB()
  }
  expect(server.lines.filter((line) => line.includes('"event":"operation failed"'))).toEqual([])
  const grownMiB = residentMiB() - settledMiB
  process.stdout.write(
    `fuzz: ${batches * messagesPerBatch} messages, seed ${seed}, ${settledMiB.toFixed(0)} MiB after a fifth, ${grownMiB.toFixed(0)} MiB more at the end\n`,
  )
  expect(grownMiB).toBeLessThan(64)
})
