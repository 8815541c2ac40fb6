import { type State, stateOf } from '../../state.ts'
import { providerText, statusNames } from './roster-text.ts'
import type { ProviderName, ShownEntry, SourceRecord } from './services.ts'

const shownValues = 50
const longestValue = 300
const base64Mark = 'base64:'

/** An entry as a page prints it: many values and long ones are cut. */
export function entryModel({ dn, attributes }: ShownEntry) {
  return {
    dn,
    attributes: attributes.map(([name, values]) => ({
      name,
      values: values.slice(0, shownValues).map(valueText),
      more: Math.max(0, values.length - shownValues),
    })),
  }
}

function valueText(value: string): string {
  if (value.startsWith(base64Mark)) return `(${Math.floor(((value.length - base64Mark.length) * 3) / 4)} octets)`
  return value.length > longestValue ? `${value.slice(0, longestValue)}…` : value
}

/** What a provider has, and what became of it. */
export function sourceModel(source: SourceRecord, providers: readonly ProviderName[]) {
  const { provider, id, decision, record, place } = source
  return {
    provider: providerText(provider, providers),
    id,
    state: decision === null ? null : stateOfDecision(decision.status),
    reason: decision === null || decision.status === 'active' ? '' : decision.reason,
    note: decision?.note ?? '',
    place: place && { label: place.label, address: place.address ?? '' },
    record: record === null ? '' : JSON.stringify(record, null, 2),
  }
}

function stateOfDecision(status: keyof typeof statusNames): State {
  return stateOf(status === 'active' ? 'good' : status === 'skipped' ? 'off' : 'warn', statusNames[status])
}
