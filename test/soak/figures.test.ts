import { expect, test } from 'vitest'
import { courseOf, type Figures, growthOf } from './figures.ts'

/** Forty seconds, four times a second. */
const figures = (residentMiB: (seconds: number) => number): readonly Figures[] =>
  Array.from({ length: 160 }, (_, index) => {
    const atSeconds = index / 4
    return { atSeconds, residentMiB: residentMiB(atSeconds), heapMiB: 100, sockets: 20, files: 30, threads: 14 }
  })
const grown = (residentMiB: (seconds: number) => number) => growthOf(courseOf(figures(residentMiB), 10)).resident

test('what grows by 1 MiB a second is seen', () => {
  expect(grown((seconds) => 300 + seconds)).toBeCloseTo(15 / 321, 2)
})

test('what goes up and down, or grows while it becomes warm, does not count as growth', () => {
  expect(Math.abs(grown((seconds) => 300 + 20 * Math.sin(seconds * 5)))).toBeLessThan(0.05)
  expect(grown((seconds) => 300 + 20 * Math.min(seconds, 10))).toBe(0)
})

test('a part of the time without figures is said', () => {
  expect(() => courseOf(figures(() => 300).slice(0, 30), 10)).toThrow('no figures of a part of the soak')
})
