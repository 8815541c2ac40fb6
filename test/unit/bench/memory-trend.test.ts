import { expect, test } from 'vitest'
import { memoryTrend } from '../../bench/memory-trend.ts'

const hour = (residentMib: (minute: number) => number) =>
  Array.from({ length: 60 }, (_, index) => ({ minute: index + 1, residentMib: residentMib(index + 1), heapMib: 50 }))

test('the last ten minutes are compared with minutes 5 to 15', () => {
  const steps = hour((minute) => (minute < 5 ? 900 : minute <= 15 ? 100 : minute <= 50 ? 500 : 109))
  expect(memoryTrend(steps, 'residentMib')).toEqual({ early: 100, late: 109, isSteady: true })
  expect(memoryTrend(steps, 'heapMib')).toEqual({ early: 50, late: 50, isSteady: true })
})

test('memory that has grown by more than a tenth is not steady', () => {
  expect(
    memoryTrend(
      hour((minute) => (minute > 50 ? 112 : 100)),
      'residentMib',
    )?.isSteady,
  ).toBe(false)
})

test('a short run says nothing', () => {
  expect(
    memoryTrend(
      hour(() => 1).filter(({ minute }) => minute < 25),
      'residentMib',
    ),
  ).toBeUndefined()
})
