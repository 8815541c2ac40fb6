import { formatCsv } from '../../server/runtime/csv.ts'
import { type IdentityKind, identityKey, identityRecordKey } from '../ledgers.ts'
import { isAcceptable, type NumberRules } from '../posix-ids.ts'
import type { ExportedId } from './identity-export.ts'
import { reservationKey } from './reservations.ts'

/** Somebody served here, and the number that the same person or group has in another directory. */
export interface NumberWish {
  readonly kind: IdentityKind
  /** User name or cn here. */
  readonly name: string
  readonly entryUUID: string
  /** rosterdSource of the entry here. */
  readonly sources: readonly string[]
  readonly number: number
}

export interface ProposedNumber {
  /** Tenant and id as {@link ExportedId} has them; the name is for the reader. */
  readonly tenant: string
  readonly id: string
  readonly kind: IdentityKind
  readonly name: string
  readonly number: number
  readonly entryUUID: string | null
}

export interface NumberProposal {
  readonly lines: readonly ProposedNumber[]
  /** Why numbers are not proposed; a sentence each. */
  readonly conflicts: readonly string[]
}

/**
 * What an import should take over: each number reserved for the very record (tenant and immutable id) that its holder has, which no name or
 * address can get wrong. What `ids import` would refuse is a conflict here already. `usedBy` names entries whose numbers the ledger does
 * not know.
 */
export function proposeNumbers(
  wishes: readonly NumberWish[],
  ledger: readonly ExportedId[],
  rules: NumberRules,
  usedBy: (number: number) => { readonly entryUUID: string; readonly dn: string } | undefined,
): NumberProposal {
  const identityOf = new Map<string, ExportedId>()
  const holderOf = new Map<number, ExportedId>()
  for (const id of ledger) {
    if (id.entryUUID !== null && (id.linked === null || !identityOf.has(id.entryUUID))) identityOf.set(id.entryUUID, id)
    if (!holderOf.has(id.number) || id.linked === null) holderOf.set(id.number, id)
  }
  const people = wishes.filter(({ kind }) => kind === 'user')
  const groups = wishes.filter(({ kind, sources }) => kind === 'group' && !sources.includes('rosterd:private-group'))
  const sharedBy = Map.groupBy(people, ({ number }) => number)
  const groupsBy = Map.groupBy(groups, ({ number }) => number)
  const lines: ProposedNumber[] = []
  const conflicts: string[] = []
  for (const wish of [...people, ...groups]) {
    const { kind, name, number, entryUUID } = wish
    const identity = identityOf.get(entryUUID)
    const problem = whyNot(wish, identity)
    if (problem !== undefined) conflicts.push(`${kind} ${name}: ${problem}`)
    else if (identity !== undefined) lines.push({ kind, name, number, ...reserved(kind, identity) })
  }
  for (const { name, number } of wishes.filter(({ sources }) => sources.includes('rosterd:private-group')))
    if (people.find((person) => person.name === name)?.number !== number)
      conflicts.push(`group ${name}: the number ${number} is not that of ${name}, whose private group it is here`)
  return { lines, conflicts }

  function whyNot({ kind, number, entryUUID }: NumberWish, identity: ExportedId | undefined): string | undefined {
    const same = (kind === 'user' ? sharedBy : groupsBy).get(number) ?? []
    const other = same.find((wish) => wish.entryUUID !== entryUUID)
    if (other !== undefined) return `${other.name} has the number ${number} there too`
    const person = kind === 'group' ? sharedBy.get(number)?.[0] : undefined
    if (person !== undefined)
      return `the number ${number} is that of the user ${person.name}; here users and groups share one space of numbers`
    const isOwn = number >= rules.idRange[0] && number <= rules.idRange[1]
    if (!isOwn && !isAcceptable(number, rules))
      return `the number ${number} is not in posix.acceptRange (${rules.acceptRange.join(' to ')}), or means nobody`
    const entry = usedBy(number)
    const holder = holderOf.get(number)
    const holderName = holder?.name ?? (holder === undefined ? '' : identityKey(holder.tenant, holder.id))
    if (holder !== undefined && holder.entryUUID !== entryUUID && !isReservedFor(holder, kind, identity))
      return `the number ${number} belongs to ${holderName} here`
    if (holder === undefined && entry !== undefined && entry.entryUUID !== entryUUID)
      return `the number ${number} belongs to ${entry.dn} here`
    if (identity === undefined && entry === undefined)
      return `its entry here comes from a file, and its number with it; write ${number} into the file`
    return undefined
  }
}

/** The file that `rosterd ids import` takes. */
export function proposalCsv({ lines }: NumberProposal): string {
  const columns = ['kind', 'name', 'number', 'tenant', 'id', 'entryUUID'] as const
  return formatCsv([columns, ...lines.map((line) => columns.map((column) => line[column]))])
}

function reserved(kind: IdentityKind, { tenant, id, entryUUID }: ExportedId) {
  // Groups of this server's own are nobody's record: their line gives identity and number at once.
  if (tenant === 'rosterd') return { tenant, id, entryUUID }
  const [reservedTenant, reservedId] = identityRecordKey(reservationKey(kind, 'source', tenant, id))
  return { tenant: reservedTenant, id: reservedId, entryUUID: null }
}

function isReservedFor(holder: ExportedId, kind: IdentityKind, identity: ExportedId | undefined): boolean {
  if (identity === undefined) return false
  const { tenant, id } = reserved(kind, identity)
  return holder.tenant === tenant && holder.id === id
}
