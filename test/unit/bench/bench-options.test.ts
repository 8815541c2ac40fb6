import { expect, test } from 'vitest'
import { benchOptions } from '../../bench/bench-options.ts'
import { workloads } from '../../bench/workloads.ts'

test('without options everything is measured in three rounds among 10,000 people', () => {
  expect(benchOptions([])).toEqual({
    users: 10_000,
    groups: 500,
    rounds: 3,
    seconds: 2,
    warmUpSeconds: 1,
    workloads,
    growth: false,
    isWhole: true,
  })
})

test('a quick run is shorter, and none to write down', () => {
  expect(benchOptions(['--quick'])).toMatchObject({ rounds: 1, seconds: 1, warmUpSeconds: 0.5, isWhole: false })
  expect(benchOptions(['--quick', '--rounds', '2'])).toMatchObject({ rounds: 2, seconds: 1 })
})

test('some workloads are no whole run', () => {
  const { workloads: chosen, isWhole } = benchOptions(['--workloads', 'login,bind'])
  expect([chosen.map(({ name }) => name), isWhole]).toEqual([['login', 'bind'], false])
})

test.each([
  [['--users', '0'], '--users 0: give a whole number above 0'],
  [['--rounds', '1.5'], '--rounds 1.5: give a whole number above 0'],
  [['--seconds', 'x'], '--seconds x: give a number above 0'],
  [['--workloads', 'fly'], 'fly is no workload; there are bind, search-uid,'],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused', (args, message) => {
  expect(() => benchOptions(args)).toThrow(message)
})

test('a goal is never easier than its floor', () => {
  for (const { goal, floor } of workloads) expect(goal).toBeGreaterThan(floor)
  expect(new Set(workloads.map(({ name }) => name)).size).toBe(workloads.length)
})
