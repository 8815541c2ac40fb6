import { expect, test } from 'vitest'
import type { FigurePoint } from '../../admin-ui/admin/overview-services.ts'
import { createBindRates } from '../../server/bind-rates.ts'
import { readFigurePoints, runFigureKeeper, withFigurePoint } from '../../server/figure-keeper.ts'
import { openDirectory } from '../../server/directory/directory.ts'
import { filledMark } from '../../server/directory/filled-mark.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { manualClock } from '../sync/fake-clock.ts'

const hourMs = 3_600_000
const fail = (error: unknown) => {
  throw error
}

test('every hour of a week is kept, and a day of 400 before it', () => {
  let points: readonly FigurePoint[] = []
  const start = Date.parse('2024-01-01T00:30:00.000Z')
  for (let hour = 0; hour < 500 * 24; hour++)
    points = withFigurePoint(points, { at: new Date(start + hour * hourMs).toISOString(), people: hour, groups: 0 })
  const end = start + 499 * 24 * hourMs
  expect(points.filter(({ at }) => Date.parse(at) >= end - 6 * 24 * hourMs).length).toBe(7 * 24)
  expect(points.length).toBeLessThan(7 * 24 + 2 + 400)
  expect(points[0]?.at.slice(0, 10)).toBe('2024-04-10')
  const days = points.slice(0, 300).map(({ at }) => at.slice(0, 10))
  expect(new Set(days).size).toBe(days.length)
})

test('figures are noted soon after the start and every hour, not before the directory is filled, and the end is clean', async () => {
  const clock = manualClock('2026-03-01T08:20:00.000Z')
  const store = openMemoryStore({ clock })
  const directory = await openDirectory(store, 'dc=example,dc=com')
  const stopping = new AbortController()
  const figures = async () => ({ people: 3, groups: 1, notServed: 0 })
  const ended = runFigureKeeper({ directory, clock, figures, onProblem: fail }, stopping.signal)
  const times = async () => (await readFigurePoints(store)).map(({ at }) => at.slice(11, 16))
  await clock.pass(50 * 60_000)
  expect(await times()).toEqual([])
  await directory.commit({ cause: { kind: 'server', id: 'test' }, entries: [], records: [filledMark] })
  await clock.pass(2 * hourMs)
  expect(await times()).toEqual(['10:00', '11:00'])
  expect((await readFigurePoints(store))[0]).toEqual({ at: '2026-03-01T10:00:00.000Z', people: 3, groups: 1 })
  stopping.abort()
  await ended

  // A start soon afterwards adds none.
  const again = new AbortController()
  const endedAgain = runFigureKeeper({ directory, clock, figures, onProblem: fail }, again.signal)
  await clock.pass(5 * 60_000)
  expect(await times()).toEqual(['10:00', '11:00'])
  again.abort()
  await endedAgain
})

test('binds are counted per minute, for three hours', async () => {
  const clock = manualClock()
  let accepted = 0
  const rates = createBindRates({
    counts: async () => ({ accepted: (accepted += 50), refused: accepted / 50 }),
    clock,
    onProblem: fail,
  })
  const stopping = new AbortController()
  const ended = rates.run(stopping.signal)
  expect(rates.list()).toEqual([])
  await clock.pass(5 * 60_000)
  expect(rates.list()).toEqual([{ at: '2026-03-01T08:05:00.000Z', accepted: 10, refused: 0.2 }])
  await clock.pass(10 * hourMs)
  expect(rates.list().length).toBe(36)
  expect(rates.list().at(-1)?.at).toBe('2026-03-01T18:05:00.000Z')
  stopping.abort()
  await ended
})
