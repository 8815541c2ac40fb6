/** A time as pages show it: absolute with its zone, relative beside it. */
export interface ShownTime {
  readonly iso: string
  readonly absolute: string
  readonly relative: string
}

const steps = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' })

/** To the minute, UTC. */
export function timeOf(iso: string, now: Date): ShownTime {
  const seconds = (Date.parse(iso) - now.getTime()) / 1000
  const step = steps.find(([, length]) => Math.abs(seconds) >= length)
  return {
    iso,
    absolute: `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    relative: step === undefined ? 'just now' : relative.format(Math.trunc(seconds / step[1]), step[0]),
  }
}
