import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { seededRandom } from '../fuzz/random.ts'
import { courseOf, courseTable, descriptorsOf, type Figures, figuresOf, growthOf } from './figures.ts'
import { ldapClients } from './ldap-clients.ts'
import { operators } from './operators.ts'
import { openSite, type Site, until } from './site.ts'

// A server of two tenants at work for hours: clients of every kind come, stay and go, people change, providers fail now
// and then, certificates and the configuration are replaced, pages and the API are used, passwords change, backups are
// made. Every answer is right, nobody is cut off, no defect is logged, and it ends with what it had: memory, descriptors, threads.

const isLong = process.env['ROSTERD_LONG'] === '1'
const minutes = Number(process.env['ROSTERD_SOAK_MINUTES'] ?? (isLong ? 120 : 0.6))
const seed = Number(process.env['ROSTERD_SOAK_SEED'] ?? Date.now() % 1_000_000)
const seconds = minutes * 60
/** Code is compiled and caches fill; nothing is judged by it. */
const warmUpSeconds = Math.min(600, seconds / 4)
const sampleMs = Math.min(5000, seconds * 50)
/**
 * Shares by which the last quarter may be above the second. A leak of 1 MiB a second shows in the heap within 40 seconds. What is resident goes up
 * and down by a third with the room that V8 takes between two collections: the medians of a few seconds say nothing of it, those of half an hour do.
 */
const mostGrowth = minutes < 30 ? { heap: 0.07, resident: Number.POSITIVE_INFINITY } : { heap: 0.1, resident: 0.1 }

test(`${minutes} minutes of work leave the server as it was`, { timeout: (minutes + 5) * 60_000 }, async () => {
  await using site = await openSite(seededRandom(seed))
  const { server, folder } = site
  const before = await descriptorsOf(server.pid)
  const figures = await soak(site)

  await until(async () => (await descriptorsOf(server.pid)).sockets <= before.sockets)
  const end = await figuresOf(server.pid, server.lines, seconds)
  const course = courseOf(figures, warmUpSeconds)
  process.stdout.write(
    `soak: ${minutes} minutes, seed ${seed}, ${JSON.stringify(site.counts)}\n${courseTable(course, end)}\n`,
  )
  // The store may be writing tables, and a pool may have got another thread since.
  expect(end.files).toBeLessThanOrEqual(course.warmUp.files + 2)
  expect(end.threads).toBeLessThanOrEqual(course.warmUp.threads + 2)
  const { resident, heap } = growthOf(course)
  expect(heap).toBeLessThan(mostGrowth.heap)
  expect(resident).toBeLessThan(mostGrowth.resident)
  expect(defects(server.lines)).toEqual([])
  expect(await server.stop('SIGTERM')).toBe(0)
  const checked = await folder.run('check', '--offline')
  expect([checked.exitCode, checked.stdout]).toEqual([0, expect.stringContaining('store: rows: agree')])
})

async function soak(site: Site): Promise<readonly Figures[]> {
  const began = performance.now()
  const elapsedSeconds = () => (performance.now() - began) / 1000
  const failures: unknown[] = []
  const isOver = () => failures.length > 0 || elapsedSeconds() >= seconds
  const loads = [...ldapClients, ...operators].map((load) =>
    load(site, isOver).catch((error: unknown) => failures.push(error)),
  )
  const figures: Figures[] = []
  while (!isOver()) {
    figures.push(await figuresOf(site.server.pid, site.server.lines, elapsedSeconds()))
    await delay(sampleMs)
  }
  await Promise.all(loads)
  if (failures.length > 0)
    throw new Error(`seed ${seed}, after ${elapsedSeconds().toFixed(0)} s; the server said last:\n${warnings(site)}`, {
      cause: failures[0],
    })
  return figures
}

function warnings({ server }: Site): string {
  const said = server.lines.filter((line) => /"level":"(warn|error)"/.test(line))
  return said.slice(-5).join('\n')
}

/** Lines that should not be there: errors, but for syncs that were made to fail. */
function defects(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.includes('"level":"error"') && !line.includes('"event":"sync run"'))
}
