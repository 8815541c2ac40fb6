import type { RecordReader } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { createBreather } from '../breather.ts'
import type { Decision } from '../candidates.ts'
import { entryType, textValuesOf } from '../file-entries.ts'
import type { SourceGroup, SourceUser } from '../identity.ts'
import { type IdentityKind, identityKey, identityRecordKey, type IdentityRecord, trusted } from '../ledgers.ts'
import { isForgotten } from '../forgetting.ts'
import type { NameRecord } from '../name-claims.ts'
import { sourceLabel } from '../source-label.ts'
import type { RosterGroup, RosterRow } from './roster-rows.ts'

export interface RosterSources {
  readonly store: RecordReader
  readonly current: { entries(): Iterable<Entry> }
  /** Tenant by provider id. */
  readonly tenants: ReadonlyMap<string, string>
}

/** Everybody and every group that is served, was, or is at a provider; each list by name. Looks at everything. */
export async function readRoster(sources: RosterSources): Promise<{
  readonly people: readonly RosterRow[]
  readonly groups: readonly RosterGroup[]
}> {
  const shared = sharedTexts()
  const served = await servedRows(sources, shared)
  await addDecided(sources, served, shared)
  await addDeleted(sources, served, shared)
  return {
    people: sorted(served.user.values()),
    groups: withChildren(sorted(served.group.values())),
  }
}

/** By row id. */
interface Rows {
  readonly user: Map<string, RosterRow>
  readonly group: Map<string, RosterGroup>
}

/** One copy of texts that many rows have. */
type Shared = (text: string) => string

function sharedTexts(): Shared {
  const texts = new Map<string, string>()
  return (text) => {
    const known = texts.get(text)
    if (known === undefined) texts.set(text, text)
    return known ?? text
  }
}

const servedStatus = { status: 'active', rule: 'none', reason: 'served' } as const

async function servedRows({ current }: RosterSources, shared: Shared): Promise<Rows> {
  const breathe = createBreather()
  const rows: Rows = { user: new Map(), group: new Map() }
  const ofNumber = new Map<string, number>()
  const groups: { readonly row: RosterRow; readonly dn: string; readonly parents: readonly string[] }[] = []
  const members = new Map<string, readonly string[]>()
  const gidNumbers = new Map<string, string>()
  for (const entry of current.entries()) {
    await breathe()
    const type = entryType(entry)
    if (type === 'entry') continue
    const row = servedRow(entry, type === 'user' ? 'uid' : 'cn', shared)
    const [gidNumber = ''] = textValuesOf(entry.attributes, 'gidNumber')
    if (type === 'user') {
      rows.user.set(row.id, row)
      ofNumber.set(gidNumber, (ofNumber.get(gidNumber) ?? 0) + 1)
      continue
    }
    groups.push({ row, dn: entry.dn, parents: textValuesOf(entry.attributes, 'memberOf') })
    members.set(row.id, memberDns(entry))
    // Whose members are known by their number alone.
    if (row.provider === ownProvider) gidNumbers.set(row.id, gidNumber)
  }
  const groupDns = new Set(groups.map(({ dn }) => dn))
  for (const { row, dn, parents } of groups) {
    await breathe()
    const listed = (members.get(row.id) ?? []).filter((member) => !groupDns.has(member)).length
    const users = listed + (ofNumber.get(gidNumbers.get(row.id) ?? '') ?? 0)
    rows.group.set(row.id, { ...row, dn, users, parents, children: 0 })
  }
  return rows
}

/** Of groups that the server makes itself. */
const ownProvider = 'rosterd'

function memberDns({ attributes }: Entry): readonly string[] {
  const members = textValuesOf(attributes, 'member')
  return members.length > 0 ? members : textValuesOf(attributes, 'uniqueMember')
}

function servedRow({ entryUUID, dn, attributes }: Entry, naming: 'uid' | 'cn', shared: Shared): RosterRow {
  const first = (name: string) => textValuesOf(attributes, name)[0]
  const sources = textValuesOf(attributes, 'rosterdSource')
  const [source = ''] = sources
  return {
    id: entryUUID,
    entryUUID,
    name: first(naming) ?? first('cn') ?? dn,
    displayName: first('displayName') ?? first('cn') ?? '',
    mail: first('mail') ?? '',
    provider: shared(providerOf(source)),
    sources,
    ...servedStatus,
    isServed: true,
  }
}

/** Adds those who are at a provider and not served, and tells of all why. */
async function addDecided({ store }: RosterSources, rows: Rows, shared: Shared): Promise<void> {
  const breathe = createBreather()
  const servedIds = { user: idsBySource(rows.user.values()), group: idsBySource(rows.group.values()) }
  for await (const { key, value } of store.list('decision')) {
    await breathe()
    const [provider = '', kind, id = ''] = key
    if (kind !== 'user' && kind !== 'group') continue
    const { status, rule, reason, entryUUID, name } = trusted<Decision>(value)
    const source = `${provider}:${id}`
    // The run that gave somebody an entry decided before there was an entryUUID.
    const known = rows[kind].get(servedIds[kind].get(source) ?? entryUUID ?? source)
    const decided = { status, rule: shared(rule), reason: shared(reason) }
    if (known !== undefined) {
      const sources = [source, ...known.sources.filter((other) => other !== source)]
      // Of a person whom several providers have, the one that is not skipped decides.
      const isTold = !isJoined(decided) && (known.provider === provider || known.status === 'skipped')
      const changed = isTold
        ? { ...decided, provider: shared(provider), sources }
        : { sources: [...known.sources.filter((other) => other !== source), source] }
      put(rows, kind, { ...known, ...changed })
      continue
    }
    const mirrored = await store.get('mirror', [provider, kind, id])
    put(rows, kind, {
      id: entryUUID ?? source,
      entryUUID,
      ...sourceLabel(
        kind,
        mirrored === undefined ? undefined : trusted<SourceUser | SourceGroup>(mirrored),
        name ?? id,
      ),
      provider: shared(provider),
      sources: [source],
      ...decided,
      isServed: false,
      dn: '',
      parents: [],
      children: 0,
    })
  }
}

function idsBySource(rows: Iterable<RosterRow>): ReadonlyMap<string, string> {
  const ids = new Map<string, string>()
  for (const { id, sources } of rows) for (const source of sources) ids.set(source, id)
  return ids
}

/** Whether a decision says no more than that another source of the same person decides. */
function isJoined({ status, rule }: Pick<Decision, 'status' | 'rule'>): boolean {
  return status === 'skipped' && (rule === 'sameTenant' || rule === 'uniqueField')
}

/** Adds those whom no provider has any more, with what is kept of them. */
async function addDeleted({ store, tenants }: RosterSources, rows: Rows, shared: Shared): Promise<void> {
  const breathe = createBreather()
  const gone = new Map<string, { readonly key: string; readonly record: IdentityRecord }>()
  for await (const { key, value } of store.list('identity')) {
    await breathe()
    const record = trusted<IdentityRecord>(value)
    const [tenant = '', id = ''] = key
    if (serverTenants.has(tenant) || rows[record.kind].has(record.entryUUID)) continue
    gone.set(record.entryUUID, { key: identityKey(tenant, id), record })
  }
  if (gone.size === 0) return
  const names = await lastNames(store)
  for (const { key, record } of gone.values()) {
    const [tenant, id] = identityRecordKey(key)
    const provider = [...tenants].find(([, one]) => one === tenant)?.[0] ?? tenant
    put(rows, record.kind, {
      id: record.entryUUID,
      entryUUID: record.entryUUID,
      name: names[record.kind].get(key) ?? record.entryUUID,
      displayName: '',
      mail: '',
      provider: shared(provider),
      sources: isForgotten(key) ? [] : [`${provider}:${id}`],
      status: 'deleted',
      rule: 'gone',
      reason: shared(goneText(record)),
      isServed: false,
      dn: '',
      users: 0,
      parents: [],
      children: 0,
    })
  }
}

/** Of the ledger, which belong to no provider. */
const serverTenants = new Set(['rosterd', 'retired', 'reserved'])

function goneText({ goneSince }: IdentityRecord): string {
  return goneSince === null ? 'at no provider' : `at no provider since ${goneSince.slice(0, 10)}`
}

/** By identity key of who holds or last held it. */
async function lastNames(store: RecordReader): Promise<Readonly<Record<IdentityKind, ReadonlyMap<string, string>>>> {
  const breathe = createBreather()
  const names = { user: new Map<string, string>(), group: new Map<string, string>() }
  for await (const { key, value } of store.list('name')) {
    await breathe()
    const [kind, name = ''] = key
    if (kind === 'user' || kind === 'group') names[kind].set(trusted<NameRecord>(value).holder, name)
  }
  return names
}

function put(rows: Rows, kind: IdentityKind, row: RosterRow & Partial<RosterGroup>): void {
  const { dn = '', users = 0, parents = [], children = 0, ...shown } = row
  if (kind === 'user') rows.user.set(row.id, shown)
  else rows.group.set(row.id, { ...shown, dn, users, parents, children })
}

function withChildren(groups: readonly RosterGroup[]): readonly RosterGroup[] {
  const children = new Map<string, number>()
  for (const { parents } of groups) for (const dn of parents) children.set(dn, (children.get(dn) ?? 0) + 1)
  return groups.map((group) => (children.has(group.dn) ? { ...group, children: children.get(group.dn) ?? 0 } : group))
}

function providerOf(source: string): string {
  return source.slice(0, Math.max(0, source.indexOf(':')))
}

function sorted<Row extends RosterRow>(rows: Iterable<Row>): readonly Row[] {
  const keyed = Array.from(rows, (row) => ({ row, key: row.name.toLowerCase() }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.row.id < b.row.id ? -1 : 1))
  return keyed.map(({ row }) => row)
}
