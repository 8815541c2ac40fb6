import { countText } from './counts.ts'
import { timeOf } from './time.ts'

/** A line over time as `partials/chart` prints it, with the same figures for its table. */
export interface Chart {
  readonly id: string
  readonly title: string
  /** For who cannot see it, in a sentence. */
  readonly label: string
  /** Empty where there is nothing to draw a line through. */
  readonly line: string
  readonly area: string
  readonly marks: readonly { readonly y: number; readonly textY: number; readonly text: string }[]
  readonly first: string
  readonly last: string
  /** The newest first. */
  readonly rows: readonly { readonly at: string; readonly value: string }[]
}

export interface ChartInput {
  readonly id: string
  readonly title: string
  /** Oldest first. */
  readonly points: readonly { readonly at: string; readonly value: number }[]
}

const shownPoints = 48
const left = 44
const right = 316
const top = 10
const bottom = 96

/** Of many points some are shown, the newest among them. */
export function chartOf({ id, title, points }: ChartInput, now: Date): Chart {
  const shown = thinned(points)
  const values = shown.map(({ value }) => value)
  const highest = Math.max(...values, 0)
  const lowest = Math.min(...values, highest)
  // A line that hardly moves is not blown up; one far from nothing need not begin there.
  const floor = lowest > highest / 2 ? Math.floor(lowest - Math.max(1, highest - lowest)) : 0
  const range = Math.max(1, highest - floor)
  const times = shown.map(({ at }) => Date.parse(at))
  const [since = 0] = times
  const span = Math.max(1, (times.at(-1) ?? 0) - since)
  const places = shown.map(({ value }, index) => ({
    x: round(left + ((right - left) * ((times[index] ?? 0) - since)) / span),
    y: round(bottom - ((bottom - top) * (value - floor)) / range),
  }))
  const line = shown.length < 2 ? '' : `M${places.map(({ x, y }) => `${x} ${y}`).join('L')}`
  return {
    id,
    title,
    label: labelOf(title, shown),
    line,
    area: line === '' ? '' : `${line}L${right} ${bottom}L${left} ${bottom}Z`,
    marks: [
      { y: top, textY: top + 3, text: numberText(floor + range) },
      { y: bottom, textY: bottom + 3, text: numberText(floor) },
    ],
    first: shown.length < 2 ? '' : timeText(shown[0]?.at, now),
    last: shown.length < 2 ? '' : timeText(shown.at(-1)?.at, now),
    rows: shown.toReversed().map(({ at, value }) => ({ at: timeOf(at, now).absolute, value: numberText(value) })),
  }
}

function thinned<Point>(points: readonly Point[]): readonly Point[] {
  const step = Math.ceil(points.length / shownPoints)
  return points.filter((_, index) => (points.length - 1 - index) % step === 0)
}

function labelOf(title: string, shown: ChartInput['points']): string {
  const [first] = shown
  const last = shown.at(-1)
  if (first === undefined || last === undefined) return `${title}: no figures yet`
  return `${title}: ${numberText(first.value)} at first, ${numberText(last.value)} at last`
}

function timeText(iso: string | undefined, now: Date): string {
  return iso === undefined ? '' : timeOf(iso, now).relative
}

function numberText(value: number): string {
  return Number.isInteger(value) ? countText(value) : value.toFixed(1)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
