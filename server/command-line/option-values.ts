import { isIP } from 'node:net'
import { InvalidArgumentError, Option } from 'commander'
import type { DirectoryMoment } from '../commands/directory-moment.ts'

/** An option that takes one of a few words. */
export function choiceOption(flags: string, description: string, accepted: readonly string[]): Option {
  return new Option(flags, description).choices(accepted)
}

export function portNumber(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535)
    throw new InvalidArgumentError('It must be a number from 0 to 65535.')
  return Number(value)
}

export function positiveNumber(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.')
  return Number(value)
}

export function wholeNumber(value: string): number {
  if (!/^\d{1,4}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(value)
}

/** A date (its beginning, UTC) or a time with its zone, as ISO 8601 in UTC. */
export function moment(value: string): string {
  const isMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(value)
  const time = isMoment ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It must be a date such as 2027-01-31, or a time such as 2027-01-31T18:00Z.')
  return new Date(time).toISOString()
}

/** As {@link moment}, a date meaning its end: what was so on that day. */
export function endMoment(value: string): string {
  return /T/.test(value) ? moment(value) : moment(value).replace('T00:00:00.000Z', 'T23:59:59.999Z')
}

/** A change number, or as {@link endMoment}. */
export function directoryMoment(value: string): DirectoryMoment {
  return /^\d{1,15}$/.test(value) ? { change: Number(value) } : { time: endMoment(value) }
}

export function ipAddress(value: string): string {
  if (isIP(value) === 0) throw new InvalidArgumentError('It must be an IP address.')
  return value
}
