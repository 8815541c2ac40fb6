import type { GridFilter } from '../../grid.ts'
import { providerTypeName } from '../provider-type-name.ts'
import type { GroupsQuery, UsersQuery } from './inputs.ts'
import { ruleName } from './roster-text.ts'
import type { ProviderName } from './services.ts'

/** Filters that users and groups have in common. */
export function rosterFilters(
  { reason, type, provider }: UsersQuery | GroupsQuery,
  reasons: readonly string[],
  providers: readonly ProviderName[],
): readonly GridFilter[] {
  const types = [...new Set(providers.map((one) => one.type))]
  const known = reason === undefined || reasons.includes(reason) ? reasons : [...reasons, reason]
  return [
    {
      name: 'reason',
      label: 'Reason',
      value: reason,
      choices: known.map((value) => ({ value, label: ruleName(value) })),
    },
    {
      name: 'type',
      label: 'Source type',
      value: type,
      choices: types.map((value) => ({ value, label: providerTypeName(value) })),
    },
    {
      name: 'provider',
      label: 'Provider',
      value: provider,
      choices: providers.map(({ id, name }) => ({ value: id, label: name })),
    },
  ]
}
