import { isIP } from 'node:net'
import { InvalidArgumentError, Option } from 'commander'

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
  const isMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/.test(value)
  const time = isMoment ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It must be a date such as 2027-01-31, or a time such as 2027-01-31T18:00Z.')
  return new Date(time).toISOString()
}

export function ipAddress(value: string): string {
  if (isIP(value) === 0) throw new InvalidArgumentError('It must be an IP address.')
  return value
}
