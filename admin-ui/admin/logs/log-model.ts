import type { LoggedOperation } from '../../../server/directory/operation-log/logged-operation.ts'
import { addressWith, gridOf } from '../../grid.ts'
import { stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import type { LogQuery } from './inputs.ts'

const logPath = '/admin/logs'

const operations = ['bind', 'search', 'compare', 'extended', 'add', 'delete', 'modify', 'modifyDN']

const results = [
  'invalidCredentials',
  'confidentialityRequired',
  'insufficientAccessRights',
  'unwillingToPerform',
  'noSuchObject',
  'protocolError',
  'busy',
  'unavailable',
  'other',
]

export interface LogFacts {
  readonly query: LogQuery
  /** Those of this page, and one more where there are more. */
  readonly found: readonly LoggedOperation[]
  readonly pageSize: number
  readonly keptDays: number
  readonly now: Date
}

export function logModel({ query, found, pageSize, keptDays, now }: LogFacts) {
  const shown = found.slice(0, pageSize)
  const { search, address, operation, result, before } = query
  const grid = gridOf({
    path: logPath,
    search,
    searchLabel: 'Name or reason',
    filters: [
      { name: 'address', label: 'Address', value: address },
      { name: 'operation', label: 'Operation', value: operation, choices: choices(operations, operation) },
      {
        name: 'result',
        label: 'Result',
        value: result,
        choices: [
          { value: 'success', label: 'Success' },
          { value: 'failure', label: 'Failure' },
          ...choices(results, result === 'success' || result === 'failure' ? undefined : result),
        ],
      },
    ],
    page: 1,
    total: 0,
  })
  const chosen = chosenOf(query)
  const last = shown.at(-1)
  return {
    title: 'Logs',
    keptDays,
    grid: {
      ...grid,
      isFiltered: Object.keys(chosen).length > 0,
      range: before === undefined ? 'Latest first' : 'Older ones',
      downloads: [{ address: addressWith(`${logPath}.csv`, chosen), label: 'CSV' }],
      previous: '',
      latest: before === undefined ? '' : addressWith(logPath, chosen),
      next:
        last === undefined || found.length <= pageSize
          ? ''
          : addressWith(logPath, { ...chosen, before: String(last.number) }),
    },
    operations: shown.map((one) => operationRow(one, now)),
  }
}

function chosenOf({ search, address, operation, result }: LogQuery): Record<string, string> {
  const given = { search, address, operation, result }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== '')) as Record<
    string,
    string
  >
}

/** Also what was asked for and is none of them, so that the form shows it. */
function choices(known: readonly string[], chosen: string | undefined) {
  const all = chosen === undefined || known.includes(chosen) ? known : [...known, chosen]
  return all.map((value) => ({ value, label: value }))
}

function operationRow(
  { time, operation, name, address, identity, result, reason, durationMs, entries, isUnindexed }: LoggedOperation,
  now: Date,
) {
  const isFine = ['success', 'compareTrue', 'compareFalse'].includes(result)
  const notes = [
    ...(reason === '' ? [] : [reason]),
    ...(entries === null ? [] : [`${entries.toLocaleString('en-GB')} ${entries === 1 ? 'entry' : 'entries'}`]),
    ...(isUnindexed ? ['no index helped'] : []),
    `${durationMs.toLocaleString('en-GB', { maximumFractionDigits: 1 })} ms`,
  ]
  return {
    time: timeOf(time, now),
    operation,
    name,
    identity: identity === name ? '' : identity,
    address,
    state: stateOf(isFine ? 'good' : 'bad', result),
    notes: notes.join('; '),
    explain: operation === 'bind' && !isFine && name !== '' ? addressWith('/admin/explain', { name, address }) : '',
  }
}

export const operationColumns = [
  'time',
  'operation',
  'name',
  'address',
  'result',
  'reason',
  'boundAs',
  'entries',
  'unindexed',
  'milliseconds',
]

/** A line of the download. */
export function operationLine(one: LoggedOperation): readonly (string | number | null)[] {
  const { time, operation, name, address, result, reason, identity, entries, isUnindexed, durationMs } = one
  return [time, operation, name, address, result, reason, identity, entries, isUnindexed ? 'yes' : '', durationMs]
}
