import type { DirectoryStore, RecordChange } from './directory/directory-store.ts'
import type { Entry } from './directory/entry.ts'
import { parseGeneralizedTime } from './protocol/generalized-time.ts'
import type { Config } from './runtime/config-schema.ts'
import { entryType, textValuesOf } from '../sync/file-entries.ts'
import { planImport } from '../sync/identities/identity-import.ts'
import type { ImportedId } from '../sync/identities/import-files.ts'
import { type Linked, readLedgers, trusted } from '../sync/ledgers.ts'
import type { CursorRecord } from '../sync/mirror.ts'
import { numberKey } from '../sync/posix-ids.ts'

/**
 * What brings the ledger back that part of which was lost: from the rows of an export, then from the entries, which have
 * their ids. Nothing that the ledger knows is changed.
 */
export async function lostIds(
  store: DirectoryStore,
  { posix }: Pick<Config, 'posix'>,
  exported: readonly ImportedId[],
  now: Date,
): Promise<readonly RecordChange[]> {
  const rows = [...exported, ...(await rowsOfEntries(store))]
  const ledgers = await readLedgers(store)
  const { records } = planImport({
    rows,
    by: 'username',
    ledgers,
    rules: posix,
    tenant: undefined,
    people: undefined,
    entryWith: () => undefined,
    now: now.toISOString(),
  })
  // Numbers whose row alone is gone: the source that is not linked holds them.
  const numbers = [...ledgers.identities]
    .filter(([, { number, linked }]) => linked === undefined && !ledgers.numbers.has(number))
    .map(([holder, { number }]) => ({ collection: 'number' as const, key: [numberKey(number)], value: { holder } }))
  const names = [...ledgers.identities].flatMap(([holder, { kind, entryUUID, linked }]) => {
    const name = linked === undefined ? rows.find(({ ledger }) => ledger?.entryUUID === entryUUID)?.name : undefined
    if (name === undefined || name === null || ledgers.names[kind].has(name)) return []
    return [{ collection: 'name' as const, key: [kind, name], value: { holder, base: name, suffix: 0, freed: null } }]
  })
  return [...numbers, ...names, ...records]
}

async function rowsOfEntries(store: DirectoryStore): Promise<readonly ImportedId[]> {
  const tenants = new Map<string, string>()
  for await (const { key, value } of store.list('cursor'))
    tenants.set(key[0] ?? '', trusted<CursorRecord>(value).tenant)
  const rows: ImportedId[] = []
  for await (const entry of store.entries()) rows.push(...rowsOfEntry(entry, tenants))
  return rows
}

function rowsOfEntry(entry: Entry, tenants: ReadonlyMap<string, string>): readonly ImportedId[] {
  const kind = entryType(entry)
  if (kind === 'entry') return []
  const [number = ''] = textValuesOf(entry.attributes, kind === 'user' ? 'uidNumber' : 'gidNumber')
  const [name = ''] = textValuesOf(entry.attributes, kind === 'user' ? 'uid' : 'cn')
  const [created = ''] = textValuesOf(entry.attributes, 'createTimestamp')
  const createdMs = parseGeneralizedTime(created)
  const firstSeen = createdMs === undefined ? null : new Date(createdMs).toISOString()
  return textValuesOf(entry.attributes, 'rosterdSource').flatMap((source, index): readonly ImportedId[] => {
    const colon = source.indexOf(':')
    const tenant = tenants.get(source.slice(0, colon))
    if (tenant === undefined || number === '') return []
    const common = { kind, number: Number(number), name: name.toLowerCase() }
    const linked: Linked | null = index === 0 ? null : 'automatic'
    const ids = { tenant, id: source.slice(colon + 1), entryUUID: entry.entryUUID, firstSeen, goneSince: null, linked }
    const ledger = { ...common, ...ids, nameWanted: null } as const
    return [{ ...common, line: 0, mail: null, employeeId: null, ledger }]
  })
}
