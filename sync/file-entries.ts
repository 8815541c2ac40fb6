import type { AttributeValue, Entry } from '../server/directory/entry.ts'
import { normalizeDn } from '../server/protocol/distinguished-name.ts'
import type { LdifProviderConfig } from '../server/runtime/config-schema.ts'
import { resolveMembership } from './group-membership.ts'
import type { SourceEntry, SourceValue } from './identity.ts'
import type { IdentityKind } from './ledgers.ts'
import { foldName } from './reserved-names.ts'

/** An entry of a file as it would be served, before times. */
export interface FileEntry {
  /** Provider id. */
  readonly provider: string
  readonly source: SourceEntry
  /** Normalized DN. */
  readonly key: string
  readonly dn: string
  readonly attributes: Map<string, readonly AttributeValue[]>
}

/** The entries of a file, verbatim; groups flattened, people or groups left out, where the provider says so. */
export function fileEntries(config: LdifProviderConfig, entries: readonly SourceEntry[]): readonly FileEntry[] {
  const result = entries.map((source) => ({
    provider: config.id,
    source,
    key: normalizeDn(source.dn),
    dn: source.dn,
    attributes: new Map<string, readonly AttributeValue[]>([
      ...source.attributes.map(([name, values]) => [name, values.map(toValue)] as const),
      ['rosterdSource', [`${config.id}:${source.id}`]],
    ]),
  }))
  if (config.flattenGroups) flattenMembers(result)
  if (config.users && config.groups) return result
  return result.filter((entry) => {
    const type = entryType(entry)
    return type === 'entry' || (type === 'user' ? config.users : config.groups)
  })
}

function toValue(value: SourceValue): AttributeValue {
  return typeof value === 'string' ? value : Uint8Array.from(Buffer.from(value.base64, 'base64'))
}

/** The attribute of that name, whatever its spelling. */
function valuesOf(attributes: ReadonlyMap<string, readonly AttributeValue[]>, name: string): readonly AttributeValue[] {
  const exact = attributes.get(name)
  if (exact !== undefined) return exact
  const lower = name.toLowerCase()
  for (const [spelling, values] of attributes) if (spelling.toLowerCase() === lower) return values
  return []
}

export function textValuesOf(
  attributes: ReadonlyMap<string, readonly AttributeValue[]>,
  name: string,
): readonly string[] {
  return valuesOf(attributes, name).filter((value) => typeof value === 'string')
}

export type EntryType = 'user' | 'group' | 'entry'

/** What an entry is, by its object classes. */
export function entryType(entry: Pick<Entry, 'attributes'>): EntryType {
  const classes = new Set(textValuesOf(entry.attributes, 'objectClass').map((name) => name.toLowerCase()))
  if (classes.has('posixaccount') || classes.has('person') || classes.has('inetorgperson') || classes.has('account'))
    return 'user'
  if (classes.has('groupofnames') || classes.has('posixgroup') || classes.has('groupofuniquenames')) return 'group'
  return 'entry'
}

export interface TakenByFiles {
  /** Folded user names and cns. */
  readonly names: Readonly<Record<IdentityKind, ReadonlySet<string>>>
  readonly numbers: ReadonlySet<number>
}

/** Names and numbers of file entries: nobody else gets them. */
export function takenByFiles(files: readonly FileEntry[]): TakenByFiles {
  const names = { user: new Set<string>(), group: new Set<string>() }
  const numbers = new Set<number>()
  for (const file of files) {
    const type = entryType(file)
    if (type === 'user') for (const uid of textValuesOf(file.attributes, 'uid')) names.user.add(foldName(uid))
    if (type === 'group') for (const cn of textValuesOf(file.attributes, 'cn')) names.group.add(foldName(cn))
    for (const name of ['uidNumber', 'gidNumber'])
      for (const text of textValuesOf(file.attributes, name)) numbers.add(Number(text))
  }
  return { names, numbers }
}

/** Replaces member groups by their members, and records the direct parents. Cycles do no harm. */
function flattenMembers(entries: readonly FileEntry[]): void {
  const groups = new Map(entries.filter((entry) => entryType(entry) === 'group').map((entry) => [entry.key, entry]))
  const direct = [...groups].map(([id, { attributes }]) => ({ id, dns: textValuesOf(attributes, 'member') }))
  const keys = new Map([...new Set(direct.flatMap(({ dns }) => dns))].map((dn) => [dn, normalizeDn(dn)]))
  const keyOf = (dn: string) => keys.get(dn) ?? ''
  const membership = resolveMembership(
    direct.map(({ id, dns }) => ({
      id,
      userIds: dns.filter((dn) => !groups.has(keyOf(dn))),
      groupIds: dns.map(keyOf).filter((key) => groups.has(key)),
    })),
  )
  for (const [id, group] of groups) {
    // A member may be spelled in several ways.
    const members = new Map([...membership.allUserIds(id)].map((dn) => [keyOf(dn), dn]))
    group.attributes.delete('member')
    if (members.size > 0) group.attributes.set('member', [...members.values()])
    const parents = membership.parentIds(id)
    if (parents.length > 0)
      group.attributes.set('memberOf', parents.map((parent) => groups.get(parent)?.dn ?? '').sort())
  }
}
