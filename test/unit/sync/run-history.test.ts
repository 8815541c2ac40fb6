import { expect, test } from 'vitest'
import type { EntryChange } from '../../../server/directory/directory-store.ts'
import { openDirectory } from '../../../server/directory/directory.ts'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'
import { createRunHistory } from '../../../sync/run-history.ts'
import type { ReportedChange, RunReport } from '../../../sync/run-report.ts'
import { collect, person, put } from '../../contract/entry-builder.ts'
import { fakeClock } from '../../sync/fake-clock.ts'

/** A directory in which three runs changed two entries each, an hour apart; their reports list the first change. */
async function threeRuns() {
  const clock = fakeClock('2026-03-01T08:00:00.000Z')
  const store = openMemoryStore({ clock })
  const directory = await openDirectory(store, 'dc=example,dc=com')
  const reports: RunReport[] = []
  for (const run of [1, 2, 3]) {
    const id = `contoso/${run}`
    const people = [1, 2].map((n) => person(n, `p${n}`, { title: [id] }))
    const entries = people.map((entry): EntryChange => put(entry))
    const changes = people
      .slice(0, 1)
      .map(({ dn, entryUUID }) => ({ action: 'update', dn, entryUUID })) as ReportedChange[] // enough of one
    // What the history reads of a report.
    reports.push({ id, trigger: 'test', logAfter: store.lastChange, changes, changesInAll: 2 } as unknown as RunReport)
    await directory.commit({ cause: { kind: 'run', id }, entries, records: [] })
    clock.advance(3_600_000)
  }
  return { store, reports, history: createRunHistory(directory) }
}

test('a run whose changes are in the log lists them all, also where older ones were forgotten right before it', async () => {
  const { store, reports, history } = await threeRuns()
  const counts = async () =>
    await Promise.all(
      reports.map(async (run) => [await history.listed(run), (await collect(history.changes(run))).length]),
    )
  expect(await counts()).toEqual([
    [2, 2],
    [2, 2],
    [2, 2],
  ])
  await store.forgetChanges('2026-03-01T08:30:00.000Z')
  expect(await counts()).toEqual([
    [1, 1],
    [2, 2],
    [2, 2],
  ])
})

test('a run whose changes were forgotten lists those of its report, from any line on', async () => {
  const { store, reports, history } = await threeRuns()
  await store.forgetChanges('2026-03-01T10:30:00.000Z')
  for (const run of reports) {
    expect(await collect(history.changes(run))).toMatchObject([{ dn: 'uid=p1,ou=people,dc=example,dc=com' }])
    expect(await collect(history.changes(run, 1))).toEqual([])
    expect(await history.listed(run)).toBe(1)
  }
})
