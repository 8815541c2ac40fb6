import { expect, test } from 'vitest'
import { timeOf } from '../../../admin-ui/time.ts'

test.each([
  ['2026-03-01T08:00:59.000Z', 'just now'],
  ['2026-03-01T08:00:00.000Z', '1 minute ago'],
  ['2026-03-01T07:01:00.000Z', '1 hour ago'],
  ['2026-02-27T08:01:00.000Z', '2 days ago'],
  ['2025-02-01T08:01:00.000Z', '1 year ago'],
  ['2026-03-03T08:01:00.000Z', 'in 2 days'],
])('%s is %s', (iso, relative) => {
  expect(timeOf(iso, new Date('2026-03-01T08:01:00.000Z')).relative).toBe(relative)
})
