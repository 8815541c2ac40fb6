import type { Config } from '../server/runtime/config-schema.ts'
import { normalizeDn } from '../server/protocol/distinguished-name.ts'
import type { Filter } from '../server/protocol/filter.ts'
import { parseFilter } from '../server/protocol/filter-string.ts'
import type { CurrentDirectory } from './desired-input.ts'
import { entryType, textValuesOf } from './file-entries.ts'

/** Groups that sudo rules and scopes of binders name, by entryUUID, with what names them. */
export function usedGroups(current: CurrentDirectory, binders: Config['binders']): ReadonlyMap<string, string> {
  const byName = new Map<string, string>()
  const byDn = new Map<string, string>()
  for (const entry of current.entries()) {
    const classes = textValuesOf(entry.attributes, 'objectClass').map((name) => name.toLowerCase())
    if (!classes.includes('sudorole')) continue
    for (const user of textValuesOf(entry.attributes, 'sudoUser'))
      if (user.startsWith('%')) byName.set(user.slice(1).toLowerCase(), `the sudo rule ${entry.dn}`)
  }
  for (const { name, scope } of binders) {
    if (scope === 'tree' || scope.filter === undefined) continue
    for (const dn of groupDns(parseFilter(scope.filter))) byDn.set(dn, `the scope of the binder ${name}`)
  }
  const used = new Map<string, string>()
  if (byName.size + byDn.size === 0) return used
  for (const entry of current.entries()) {
    if (entryType(entry) !== 'group') continue
    const names = textValuesOf(entry.attributes, 'cn').map((name) => name.toLowerCase())
    const by =
      byDn.get(normalizeDn(entry.dn)) ?? names.map((name) => byName.get(name)).find((each) => each !== undefined)
    if (by !== undefined) used.set(entry.entryUUID, by)
  }
  return used
}

/** Normalized DNs that a filter compares memberOf with. */
function groupDns(filter: Filter): readonly string[] {
  switch (filter.type) {
    case 'and':
    case 'or':
      return filter.filters.flatMap(groupDns)
    case 'not':
      return groupDns(filter.filter)
    case 'equality':
      return /^memberof(;|$)/i.test(filter.attribute) ? normalized(filter.value) : []
    default:
      return []
  }
}

function normalized(value: Uint8Array): readonly string[] {
  try {
    return [normalizeDn(Buffer.from(value).toString('utf8'))]
  } catch {
    return []
  }
}
