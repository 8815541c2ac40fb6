import { parseArgs } from 'node:util'
import { type Workload, workloads } from './workloads.ts'

export interface BenchOptions {
  readonly users: number
  readonly groups: number
  readonly rounds: number
  /** How long each load is measured. */
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly workloads: readonly Workload[]
  readonly growth: boolean
  /** Every workload, measured long enough to be written down. */
  readonly isWhole: boolean
}

/** Throws an Error that says what is wrong with them. */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      users: { type: 'string', default: '10000' },
      groups: { type: 'string', default: '500' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      workloads: { type: 'string' },
      growth: { type: 'boolean', default: false },
    },
  })
  const { quick, growth } = values
  return {
    users: positive('users', values.users, true),
    groups: positive('groups', values.groups, true),
    rounds: positive('rounds', values.rounds ?? (quick ? '1' : '3'), true),
    seconds: positive('seconds', values.seconds ?? (quick ? '1' : '2')),
    warmUpSeconds: quick ? 0.5 : 1,
    workloads: values.workloads === undefined ? workloads : values.workloads.split(',').map(workloadNamed),
    growth,
    isWhole: !quick && values.workloads === undefined,
  }
}

/** Throws an Error with the names that there are. */
export function workloadNamed(name: string): Workload {
  const found = workloads.find((workload) => workload.name === name)
  if (found) return found
  throw new Error(`${name} is no workload; there are ${workloads.map((workload) => workload.name).join(', ')}`)
}

/** The number that an option has; throws an Error that names the option. */
export function positive(option: string, text: string, isWhole = false): number {
  const value = Number(text)
  if (value > 0 && value <= 100_000_000 && (!isWhole || Number.isInteger(value))) return value
  throw new Error(`--${option} ${text}: give a ${isWhole ? 'whole number' : 'number'} above 0`)
}
