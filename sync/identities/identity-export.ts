import type { RecordReader } from '../../server/directory/directory-store.ts'
import { formatCsv } from '../../server/runtime/csv.ts'
import { holderOf, type IdentityKind, identityRecordKey, type Linked, type Ledgers, readLedgers } from '../ledgers.ts'
import type { NameRecord } from '../name-claims.ts'

/** One line of the ledger: an identity, or a number that is kept for somebody. */
export interface ExportedId {
  /** Tenant or org; `rosterd` for the server's own, `retired` for what nobody has any more, `reserved` for what waits. */
  readonly tenant: string
  /** Immutable id. */
  readonly id: string
  readonly kind: IdentityKind
  /** User name or cn as held or last held, and the name it was given for. Only where number and name are held. */
  readonly name: string | null
  readonly nameWanted: string | null
  /** null: the number is kept for somebody not seen yet. */
  readonly entryUUID: string | null
  readonly number: number
  /** ISO 8601. */
  readonly firstSeen: string | null
  readonly goneSince: string | null
  readonly linked: Linked | null
}

/** Columns of the CSV form, in order; the import reads them by name. */
const exportColumns = [
  'tenant',
  'id',
  'kind',
  'name',
  'nameWanted',
  'entryUUID',
  'number',
  'firstSeen',
  'goneSince',
  'linked',
] as const satisfies readonly (keyof ExportedId)[]

/** The whole ledger: imported into an empty store it gives every entryUUID and number back. */
export async function exportIds(store: RecordReader): Promise<readonly ExportedId[]> {
  const ledgers = await readLedgers(store)
  const names = { user: namesByHolder(ledgers, 'user'), group: namesByHolder(ledgers, 'group') }
  const identities = [...ledgers.identities].map(([key, record]) => {
    const [tenant, id] = identityRecordKey(key)
    const name = holderOf(key, ledgers) === key ? names[record.kind].get(key) : undefined
    const { kind, entryUUID, number, firstSeen, goneSince, linked = null } = record
    const [held = null, wanted = null] = name ?? []
    return { tenant, id, kind, name: held, nameWanted: wanted, entryUUID, number, firstSeen, goneSince, linked }
  })
  return [...identities, ...reservations(ledgers)]
}

export function csvOf(ids: readonly ExportedId[]): string {
  return formatCsv([exportColumns, ...ids.map((id) => exportColumns.map((column) => id[column]))])
}

function reservations({ identities, numbers }: Ledgers): readonly ExportedId[] {
  return [...numbers]
    .filter(([, holder]) => !identities.has(holder))
    .map(([number, holder]) => {
      const [tenant, id] = identityRecordKey(holder)
      const kind = id.startsWith('group/') ? 'group' : 'user'
      const nothing = { name: null, nameWanted: null, entryUUID: null, firstSeen: null, goneSince: null, linked: null }
      return { tenant, id, kind, number, ...nothing }
    })
}

/** The name each holder has, or had last. */
function namesByHolder(ledgers: Ledgers, kind: IdentityKind): ReadonlyMap<string, readonly [string, string]> {
  const latest = new Map<string, { readonly name: string; readonly record: NameRecord }>()
  for (const [name, record] of ledgers.names[kind]) {
    const other = latest.get(record.holder)?.record
    const isLater = other === undefined || record.freed === null || (other.freed !== null && record.freed > other.freed)
    if (isLater) latest.set(record.holder, { name, record })
  }
  return new Map([...latest].map(([holder, { name, record }]) => [holder, [name, record.base]]))
}
