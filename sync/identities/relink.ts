import { isDeepStrictEqual } from 'node:util'
import type { Json, RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import { createBreather } from '../breather.ts'
import { type IdentityRecord, identityRecordKey, type Ledgers, trusted } from '../ledgers.ts'
import { ledgerKey } from '../forgetting.ts'
import type { NameRecord } from '../name-claims.ts'
import { attach, identityChange, indexLedgers, release, sharersOf } from './identity-edits.ts'
import type { MatchField } from './reservations.ts'
import type { SourcePerson } from './source-people.ts'

/** Two source keys: whose identity moves, and to whom. */
export interface RelinkPair {
  readonly from: string
  readonly to: string
}

export interface RelinkMove {
  /** Immutable ids. */
  readonly from: string
  readonly to: string
  readonly kind: IdentityRecord['kind']
  readonly entryUUID: string
  readonly number: number
  /** Number that the receiving source had of its own and gives up for ever. */
  readonly retires: number | null
}

export interface RelinkPlan {
  readonly moves: readonly RelinkMove[]
  /** Who keeps what they have, and why. */
  readonly left: readonly { readonly id: string; readonly reason: string }[]
  readonly records: readonly RecordChange[]
}

/** Pairs of the people and groups of two providers, one to one; groups by name, people by the field. */
export function matchPeople(
  from: readonly SourcePerson[],
  to: readonly SourcePerson[],
  by: MatchField,
): { readonly pairs: readonly RelinkPair[]; readonly left: RelinkPlan['left'] } {
  const valueOf = ({ kind, values }: SourcePerson) => {
    const value = values.get(kind === 'group' ? 'username' : by)
    return value === undefined ? undefined : `${kind}/${value}`
  }
  const [mine, theirs] = [Map.groupBy(from, valueOf), Map.groupBy(to, valueOf)]
  const pairs: RelinkPair[] = []
  const left: { id: string; reason: string }[] = []
  for (const person of from) {
    const value = valueOf(person)
    const matches = value === undefined ? [] : (theirs.get(value) ?? [])
    const [match, another] = matches
    if (value === undefined) left.push({ id: person.id, reason: `has no ${by}` })
    else if (match === undefined) left.push({ id: person.id, reason: `nobody has ${value}` })
    else if (another !== undefined || (mine.get(value) ?? []).length > 1)
      left.push({ id: person.id, reason: `${value} is not one to one` })
    else pairs.push({ from: person.key, to: match.key })
  }
  return { pairs, left }
}

/**
 * Moves identities: the receiving source has entryUUID, number and name from now on and authenticates the person; the
 * other one stays a source of the person while it is there. Pure; it only takes breath meanwhile.
 */
export async function planRelink(pairs: readonly RelinkPair[], unindexed: Ledgers, now: string): Promise<RelinkPlan> {
  const breathe = createBreather()
  const ledgers = await indexLedgers(unindexed)
  const moves: RelinkMove[] = []
  const left: { id: string; reason: string }[] = []
  const records: RecordChange[] = []
  const used = new Set<string>()
  for (const pair of pairs) {
    await breathe()
    const [from, to] = [ledgerKey(pair.from, ledgers), pair.to]
    const person = ledgers.identities.get(from)
    const own = ledgers.identities.get(to)
    const [id, target] = [idOf(pair.from), idOf(to)]
    const problem = whyNot(from, to, person, own)
    if (person === undefined || problem !== undefined) {
      left.push({ id, reason: problem ?? 'has no ids' })
      continue
    }
    used.add(from).add(to)
    moves.push({ from: id, to: target, ...idsOf(person), retires: own?.number ?? null })
    records.push(...release(to, ledgers, now), attach(to, person, null, own?.firstSeen ?? now))
    for (const key of [from, ...sharersOf(from, ledgers)]) {
      const record = ledgers.identities.get(key)
      if (record !== undefined && record.linked === undefined)
        records.push(identityChange(key, { ...record, linked: 'automatic' }))
    }
  }
  return { moves, left, records }

  function whyNot(from: string, to: string, person?: IdentityRecord, own?: IdentityRecord): string | undefined {
    if (person === undefined) return undefined
    if (used.has(from) || used.has(to)) return `${idOf(from)} or ${idOf(to)} stands in another pair`
    if (own === undefined) return undefined
    if (own.entryUUID === person.entryUUID) return `${idOf(to)} belongs to that person already`
    if (own.kind !== person.kind) return `${idOf(to)} is a ${own.kind}`
    if (sharersOf(to, ledgers).length > 0)
      return `${idOf(to)} belongs to a person of several sources; separate it first`
    return undefined
  }
}

function idsOf({ kind, entryUUID, number }: IdentityRecord) {
  return { kind, entryUUID, number }
}

function idOf(key: string): string {
  return identityRecordKey(key)[1]
}

const undoKey = ['relink']

type UndoRecord = {
  readonly time: string
  readonly by: string
  readonly changes: readonly {
    readonly collection: 'identity' | 'number' | 'name'
    readonly key: readonly string[]
    readonly before: Json
    readonly after: Json
  }[]
}

/** What makes the records undoable: goes with them into the commit. */
export async function undoChange(
  store: RecordReader,
  records: readonly RecordChange[],
  by: string,
  now: string,
): Promise<RecordChange> {
  const breathe = createBreather()
  const changes = new Map<string, UndoRecord['changes'][number]>()
  for (const { collection, key, value } of records) {
    await breathe()
    if (collection !== 'identity' && collection !== 'number' && collection !== 'name')
      throw new Error(`a relink changes no ${collection}`)
    const id = JSON.stringify([collection, key])
    const before = changes.get(id)?.before ?? (await store.get(collection, key)) ?? null
    changes.set(id, { collection, key, before, after: value ?? null })
  }
  const value = { time: now, by, changes: [...changes.values()] } satisfies UndoRecord
  return { collection: 'meta', key: undoKey, value }
}

export interface RelinkUndo {
  /** When what is undone was done. */
  readonly time: string
  readonly records: readonly RecordChange[]
  /** Later changes that stand against it; then there are no records. */
  readonly problems: readonly string[]
}

/** Everything as it was before the last relink, unless something of it has changed since. */
export async function planUndo(store: RecordReader): Promise<RelinkUndo> {
  const stored = await store.get('meta', undoKey)
  if (stored === undefined) throw new Error('there is no relink to undo')
  const { time, changes } = trusted<UndoRecord>(stored)
  const breathe = createBreather()
  const problems: string[] = []
  for (const { collection, key, after } of changes) {
    await breathe()
    const now = (await store.get(collection, key)) ?? null
    if (!isDeepStrictEqual(essence(collection, now), essence(collection, after)))
      problems.push(`${collection} ${key.join('/')} was changed since`)
  }
  if (problems.length > 0) return { time, records: [], problems }
  const records = changes.map(({ collection, key, before }) => ({ collection, key, value: before ?? undefined }))
  return { time, records: [...records, { collection: 'meta', key: undoKey, value: undefined }], problems }
}

/** What a run changes by itself does not count: when somebody was seen, and that a name was freed. */
function essence(collection: 'identity' | 'number' | 'name', value: Json): unknown {
  if (value === null) return null
  switch (collection) {
    case 'identity': {
      const { entryUUID, number, linked } = trusted<IdentityRecord>(value)
      return { entryUUID, number, linked }
    }
    case 'name':
      return trusted<NameRecord>(value).holder
    case 'number':
      return value
    default:
      return collection satisfies never
  }
}
