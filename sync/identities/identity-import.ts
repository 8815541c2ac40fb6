import type { RecordChange } from '../../server/directory/directory-store.ts'
import { type IdentityKind, identityKey, type IdentityRecord, type Ledgers } from '../ledgers.ts'
import { isAcceptable, numberKey, type NumberRules } from '../posix-ids.ts'
import type { NameRecord } from '../name-claims.ts'
import { identityChange } from './identity-edits.ts'
import type { ExportedId } from './identity-export.ts'
import type { ImportedId } from './import-files.ts'
import { foldMatch, type MatchField, reservationKey, sourceOfReservation } from './reservations.ts'
import type { SourcePerson } from './source-people.ts'

export interface ImportInput {
  readonly rows: readonly ImportedId[]
  readonly by: MatchField
  readonly ledgers: Ledgers
  readonly rules: NumberRules
  /** Tenant of the provider whose people are meant; undefined where only lines of our own export are accepted. */
  readonly tenant: string | undefined
  /** Everybody that provider holds; undefined when it was never read. */
  readonly people: readonly SourcePerson[] | undefined
  /** DN of an entry that has the number without the ledger knowing it, such as one of a file. */
  readonly entryWith: (number: number) => string | undefined
  readonly now: string
}

/**
 * `keep`: it is so already. `restore`: a line of the ledger as exported. `reserve`: the number waits for the first entry of
 * whoever it is meant for.
 */
export type ImportAction = 'keep' | 'restore' | 'reserve' | 'conflict'

export interface ImportResult {
  readonly line: number
  readonly kind: IdentityKind
  readonly number: number
  /** Name, or the source of an exported line. */
  readonly whose: string
  readonly action: ImportAction
  readonly reason: string
}

export interface ImportPlan {
  readonly results: readonly ImportResult[]
  /** Everything but the conflicts. */
  readonly records: readonly RecordChange[]
}

/** What an import would do, line by line. Pure: nothing is written before an administrator has seen the conflicts. */
export function planImport(input: ImportInput): ImportPlan {
  const { ledgers, rules } = input
  const numbers = new Map(ledgers.numbers)
  const records: RecordChange[] = []
  const holders = holdersByUuid(input.rows, ledgers)
  const takenUuids = new Map(
    [...ledgers.identities].map(([key, { entryUUID, number }]) => [entryUUID, { key, number }]),
  )
  const seen = new Map<string, number>()
  const results = input.rows.map((row) => {
    const outcome = row.ledger === undefined ? reserve(row) : restore(row, row.ledger)
    const whose = row.ledger === undefined ? (row.name ?? '') : `${row.ledger.tenant}/${row.ledger.id}`
    return { line: row.line, kind: row.kind, number: row.number, whose, ...outcome }
  })
  return { results, records }

  function restore(row: ImportedId, id: ExportedId): Outcome {
    const key = identityKey(id.tenant, id.id)
    if (id.entryUUID === null)
      return id.tenant === 'reserved' ? restoreReservation(row.number, key) : conflict('has no entryUUID')
    const known = ledgers.identities.get(key)
    if (known?.entryUUID === id.entryUUID && known.number === id.number) return { action: 'keep', reason: 'known' }
    if (known !== undefined) return conflict(`has number ${known.number} and entryUUID ${known.entryUUID} already`)
    const sharer = takenUuids.get(id.entryUUID)
    if (sharer !== undefined && sharer.number !== id.number)
      return conflict(`entryUUID ${id.entryUUID} belongs to ${sharer.key} with number ${sharer.number}`)
    const holder = holders.get(id.entryUUID) ?? key
    const taken = whyTaken(id.number, holder)
    if (taken !== undefined) return conflict(taken)
    numbers.set(id.number, holder)
    takenUuids.set(id.entryUUID, { key, number: id.number })
    records.push(identityChange(key, recordOf(id, input.now)))
    if (holder !== key) return { action: 'restore', reason: 'shares the identity of another source' }
    records.push(numberChange(id.number, key), ...nameChange(key, id, ledgers))
    return { action: 'restore', reason: 'identity, number and name' }
  }

  function restoreReservation(number: number, key: string): Outcome {
    const source = sourceOfReservation(key)
    const known = source === undefined ? undefined : ledgers.identities.get(source)
    return known === undefined ? take(number, key) : asKnown(source ?? key, known.number, number)
  }

  function asKnown(key: string, known: number, wanted: number): Outcome {
    if (known === wanted) return { action: 'keep', reason: 'known' }
    return conflict(`${key} has number ${known} already, which was served`)
  }

  function reserve(row: ImportedId): Outcome {
    const { by, tenant } = input
    if (tenant === undefined) return conflict('names no source; say with --provider whose people are meant')
    const field = row.kind === 'group' ? 'username' : by
    const text = { username: row.name, mail: row.mail, employeeId: row.employeeId }[field]
    if (text === null || text === '') return conflict(`has no ${field}`)
    const twice = seen.get(`${row.kind}/${field}/${foldMatch(field, text)}`)
    if (twice !== undefined && twice !== row.number) return conflict(`${text} has number ${twice} in this file too`)
    seen.set(`${row.kind}/${field}/${foldMatch(field, text)}`, row.number)
    if (input.people === undefined) return take(row.number, reservationKey(row.kind, field, tenant, text))
    const matches = input.people.filter(
      ({ kind, values }) => kind === row.kind && values.get(field) === foldMatch(field, text),
    )
    const [match, another] = matches
    if (match === undefined) return conflict(`nobody has the ${field} "${text}"`)
    if (another !== undefined)
      return conflict(`${matches.length} have the ${field} "${text}": ${matches.map(({ id }) => id).join(', ')}`)
    const known = ledgers.identities.get(match.key)
    if (known !== undefined) return asKnown(match.key, known.number, row.number)
    return take(row.number, reservationKey(row.kind, 'source', tenant, match.id))
  }

  function take(number: number, key: string): Outcome {
    if (numbers.get(number) === key) return { action: 'keep', reason: 'known' }
    const taken = whyTaken(number, key)
    if (taken !== undefined) return conflict(taken)
    numbers.set(number, key)
    records.push(numberChange(number, key))
    return { action: 'reserve', reason: `kept for ${key.slice(key.indexOf('/') + 1)}` }
  }

  function whyTaken(number: number, holder: string): string | undefined {
    const other = numbers.get(number)
    if (other !== undefined && other !== holder) return `number ${number} belongs to ${other}`
    const dn = other === undefined ? input.entryWith(number) : undefined
    if (dn !== undefined) return `number ${number} belongs to ${dn}`
    const isOwn = number >= rules.idRange[0] && number <= rules.idRange[1]
    if (!isOwn && !isAcceptable(number, rules)) return `number ${number} is not in posix.acceptRange`
    return undefined
  }
}

type Outcome = Pick<ImportResult, 'action' | 'reason'>

function conflict(reason: string): Outcome {
  return { action: 'conflict', reason }
}

/** Which source key of each exported identity holds number and name: the one that has it, else the owner. */
function holdersByUuid(rows: readonly ImportedId[], ledgers: Ledgers): ReadonlyMap<string, string> {
  const holders = new Map<string, string>()
  for (const { entryUUID, number } of ledgers.identities.values()) {
    const holder = ledgers.numbers.get(number)
    if (holder !== undefined) holders.set(entryUUID, holder)
  }
  const lines = rows.flatMap(({ ledger }) => (ledger === undefined ? [] : [ledger]))
  // An export gives the name to the line that holds it.
  for (const isHolder of [(id: ExportedId) => id.name !== null, (id: ExportedId) => id.linked === null, () => true])
    for (const id of lines)
      if (id.entryUUID !== null && !holders.has(id.entryUUID) && isHolder(id))
        holders.set(id.entryUUID, identityKey(id.tenant, id.id))
  return holders
}

function recordOf(id: ExportedId, now: string): IdentityRecord {
  const { entryUUID, kind, number, firstSeen, goneSince, linked } = id
  const record = { entryUUID: entryUUID ?? '', kind, number, firstSeen: firstSeen ?? now, goneSince }
  return linked === null ? record : { ...record, linked }
}

function numberChange(number: number, holder: string): RecordChange {
  return { collection: 'number', key: [numberKey(number)], value: { holder } }
}

/** The name as it was, unless somebody has it by now. */
function nameChange(holder: string, id: ExportedId, ledgers: Ledgers): readonly RecordChange[] {
  const { kind, name, nameWanted, goneSince } = id
  if (name === null || ledgers.names[kind].has(name)) return []
  const base = nameWanted ?? name
  const suffix = base === name ? 0 : Number(/-(\d+)$/.exec(name)?.[1] ?? 0)
  const record: NameRecord = { holder, base, suffix, freed: goneSince }
  return [{ collection: 'name', key: [kind, name], value: record }]
}
