import { expect, test } from 'vitest'
import { createRateLimit } from '../../../admin-ui/api/rate-limit.ts'
import { fakeClock } from '../../sync/fake-clock.ts'

const limited = (mostKeys = 10) => {
  const clock = fakeClock()
  const limit = createRateLimit({ burst: 2, perSecond: 0.5, mostKeys }, () => clock.now())
  return { clock, take: (key: string) => limit.take(key) }
}

test('so many at once go through, and the next one is told how long to wait', () => {
  const { take } = limited()
  expect([take('a'), take('a'), take('a'), take('b')]).toEqual([undefined, undefined, 2, undefined])
})

test('who waits as told gets through, and asking too early does not make it longer', () => {
  const { clock, take } = limited()
  for (let n = 0; n < 10; n += 1) take('a')
  clock.advance(1000)
  expect(take('a')).toBe(1)
  clock.advance(1000)
  expect([take('a'), take('a')]).toEqual([undefined, 2])
})

test('what was not used does not add up beyond the burst', () => {
  const { clock, take } = limited()
  take('a')
  clock.advance(3_600_000)
  expect([take('a'), take('a'), take('a')]).toEqual([undefined, undefined, 2])
})

test('a clock that is set back locks nobody out for longer', () => {
  const { clock, take } = limited()
  for (let n = 0; n < 3; n += 1) take('a')
  clock.advance(-3_600_000)
  expect(take('a')).toBe(2)
  clock.advance(2000)
  expect(take('a')).toBeUndefined()
})

test('the keys that were used last are kept, and no more of them than said', () => {
  const { take } = limited(2)
  for (let n = 0; n < 3; n += 1) take('a')
  take('b')
  expect(take('a')).toBe(2)
  take('c') // in place of b
  expect([take('a'), take('b'), take('b'), take('b')]).toEqual([2, undefined, undefined, 2])
})
