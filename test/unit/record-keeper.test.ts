import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RecordChange } from '../../server/directory/directory-store.ts'
import { createRecordKeeper } from '../../server/record-keeper.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A monitor that has one more record each time it is asked. */
function start() {
  const posted: (readonly RecordChange[])[] = []
  const refused: (readonly RecordChange[])[] = []
  let number = 0
  const monitor = {
    changes: () => [{ collection: 'activity', key: ['person', String(++number)], value: undefined } as const],
    notKept: (records: readonly RecordChange[]) => void refused.push(records),
  }
  return { posted, refused, keeper: createRecordKeeper(monitor, (records) => posted.push(records)) }
}

test('nothing is handed on while the store has not taken what went before', () => {
  const { posted, keeper } = start()
  vi.advanceTimersByTime(600_000)
  expect(posted).toHaveLength(1)
  keeper.kept(true)
  vi.advanceTimersByTime(1000)
  expect(posted).toHaveLength(2)
})

test('a store that takes nothing is asked again after a minute, and nothing is lost of it', () => {
  const { posted, refused, keeper } = start()
  vi.advanceTimersByTime(1000)
  keeper.kept(false)
  expect(refused).toEqual(posted)
  vi.advanceTimersByTime(59_999)
  expect(posted).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(posted).toHaveLength(2)
})

test('the rest is handed on at the end, whatever is under way', () => {
  const { posted, keeper } = start()
  vi.advanceTimersByTime(1000)
  keeper.close()
  expect(posted).toHaveLength(2)
  vi.advanceTimersByTime(600_000)
  expect(posted).toHaveLength(2)
})
