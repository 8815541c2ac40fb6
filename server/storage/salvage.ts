import type { Change, Collection } from '../directory/directory-store.ts'
import { decodeChange, encodeChange } from './change-codec.ts'
import type { Database, WriteOperation } from './database.ts'
import { decodeEntry } from './entry-codec.ts'
import {
  changeNumberOfLogKey,
  collectionOfRecordKey,
  dnKey,
  dnRange,
  entryKey,
  entryRange,
  entryUUIDOfEntryKey,
  logKey,
  logRange,
  metaKey,
  elementsOfRecordKey,
  recordKey,
  recordsRange,
  unknownRange,
  rowName,
  uuidFromOctets,
  uuidOctets,
} from './keys.ts'
import { decodeRecord, encodeRecord } from './record-codec.ts'

/** Something that could not be read or did not agree, and was dropped or set right. */
export interface Finding {
  /** Row or file. */
  readonly what: string
  readonly why: string
  /** What follows from it, for an operator. */
  readonly consequence: string
}

/** What follows when a record of the collection is dropped. */
const consequences: Readonly<Record<Collection, string>> = {
  mirror: 'the next sync reads it again',
  cursor: 'the next sync reads everything, as if for the first time',
  identity: 'its ids are taken from what was served, or from a file of "rosterd ids export"',
  name: 'its name is taken from what was served, or from a file of "rosterd ids export"',
  number: 'the number is taken from its identity, or from a file of "rosterd ids export"',
  credential: 'a password, an app password or a second factor of this person is gone and has to be set anew',
  decision: 'the next sync decides anew',
  held: 'the changes that waited for approval are found by the next sync again',
  run: 'a run is missing in the history',
  meta: 'the next sync or start makes it anew',
  provider: 'a pause or a setting of a provider is gone: look at its page',
  sealed: 'a secret is gone and has to be entered again, or an account authorized again',
  link: 'a one-time link cannot be used any more',
  enrollment: 'whether this person was invited is not known any more',
  outbox: 'a mail or notification is not sent',
  match: 'a link of identities that was confirmed is gone: confirm it again',
  account: 'a block of this person is gone: block the person again',
  binder: 'a binder that was made here is gone and has to be made anew',
  throttle: 'failed binds are not counted any more',
  activity: 'a last sign-in is not known any more',
  audit: 'a line of the audit log is missing',
  admin: 'an administrator is gone: "rosterd admin create"',
  'inactive-name': 'the next sync makes it anew',
  operation: 'lines of the log of LDAP operations are missing',
  'api-token': 'a token of the API is gone and has to be made anew',
  'oidc-admin': 'administrators who sign in at a provider have to be mapped again',
  session: 'somebody has to sign in again',
}

/**
 * What makes the rows of a database agree, and why: what cannot be read goes, the DN table follows the entries, and the
 * change log tells what became of entries. `time` is that of changes that are added to the log.
 */
export async function salvagedRows(
  db: Database,
  time: string,
): Promise<{ readonly operations: readonly WriteOperation[]; readonly findings: readonly Finding[] }> {
  const records = await readRecords(db)
  const log = await readLog(db)
  const entries = await readEntries(db, log)
  const changes = [
    ...log.operations,
    ...changeOperations(log, [...entries.changes, ...missingEntries(log, entries.dns)], time),
  ]
  const dns = await dnTable(db, entries.dns)
  return {
    operations: [...records.operations, ...entries.operations, ...changes, ...dns.operations],
    findings: [
      ...records.findings,
      ...log.findings,
      ...entries.findings,
      ...missingEntries(log, entries.dns).map(({ entryUUID, dn }) => ({
        what: `${rowName(entryKey(entryUUID))} (${dn})`,
        why: 'is missing, and no change has deleted it',
        consequence: anew,
      })),
      ...dns.findings,
    ],
  }
}

/** What a part of the table needs. */
interface Salvaged {
  readonly operations: readonly WriteOperation[]
  readonly findings: readonly Finding[]
}

const anew = 'the next sync makes it anew, with its ids; what was made here, such as a sudo rule, has to be made again'

async function readRecords(db: Database): Promise<Salvaged> {
  const operations: WriteOperation[] = []
  const findings: Finding[] = []
  for await (const key of db.keys({ ...unknownRange })) {
    operations.push({ type: 'del', key })
    findings.push({ what: 'a row', why: 'is of no table', consequence: 'none is known' })
  }
  for await (const [key, value] of db.iterator({ ...recordsRange })) {
    const collection = collectionOfRecordKey(key)
    const { problem } = readable(() => {
      decodeRecord(value)
      if (collection === undefined || !recordKey(collection, elementsOfRecordKey(key)).equals(key))
        throw new Error('its key is of no record')
    })
    if (problem === undefined) continue
    operations.push({ type: 'del', key })
    findings.push({
      what: rowName(key),
      why: problem,
      consequence: collection ? consequences[collection] : 'none is known',
    })
  }
  return { operations, findings }
}

interface KeptLog extends Salvaged {
  /** By entryUUID. */
  readonly newest: ReadonlyMap<string, Change>
  /** From the very first change on: every entry has one. */
  readonly isWhole: boolean
  readonly last: number
}

/** Keeps the newest changes without a gap: older ones are of no use without what is missing behind them. */
async function readLog(db: Database): Promise<KeptLog> {
  const newest = new Map<string, Change>()
  const operations: WriteOperation[] = []
  const findings: Finding[] = []
  let keys: Buffer[] = []
  let first: number | undefined
  let previous = 0
  const forget = (why: string) => {
    for (const key of keys) operations.push({ type: 'del', key })
    const consequence = `${keys.length} changes up to there are forgotten: they are not in the history, and older runs cannot be undone`
    findings.push({ what: 'change log', why, consequence })
    keys = []
    newest.clear()
    first = undefined
  }
  for await (const [key, value] of db.iterator({ ...logRange })) {
    const { value: change, problem } = readable(() => decodeChange(value))
    const number = key.length === 9 ? changeNumberOfLogKey(key) : previous
    if (first !== undefined && number !== previous + 1) forget(`change ${previous + 1} is missing`)
    keys.push(key)
    previous = number
    if (change?.number === number) {
      first ??= number
      newest.set(change.entryUUID, change)
    } else forget(`${rowName(key)}: ${problem ?? 'stands under another number'}`)
  }
  const stored = await db.get(metaKey('lastChange'))
  const saved = stored && readable(() => decodeRecord(stored)).value
  const last = Math.max(previous, typeof saved === 'number' ? saved : 0)
  if (first !== undefined && previous !== last) forget(`change ${last} is missing`)
  return { operations, findings, newest, last, isWhole: (first ?? last + 1) === 1 }
}

/** A change that has no number, time and cause yet. */
type NewChange = Omit<Change, 'number' | 'time' | 'cause'>

async function readEntries(db: Database, log: KeptLog) {
  const operations: WriteOperation[] = []
  const findings: Finding[] = []
  const changes: NewChange[] = []
  /** By DN key (latin1). */
  const dns = new Map<string, string>()
  const owners = await dnOwners(db)
  for await (const [key, value] of db.iterator({ ...entryRange })) {
    const { value: entry, problem } = readable(() => decodeEntry(value))
    const drop = (why: string, consequence: string) => {
      operations.push({ type: 'del', key })
      findings.push({ what: rowName(key) + (entry === undefined ? '' : ` (${entry.dn})`), why, consequence })
    }
    if (entry === undefined || key.length !== 17 || entry.entryUUID !== entryUUIDOfEntryKey(key)) {
      drop(problem ?? 'stands under the entryUUID of another', anew)
      continue
    }
    const { entryUUID, dn } = entry
    const last = log.newest.get(entryUUID)
    const text = dnKey(dn).toString('latin1')
    if (last?.type === 'delete') drop(`change ${last.number} has deleted it`, 'it stays deleted')
    else if (dns.has(text) || (owners.get(text) ?? entryUUID) !== entryUUID) drop('another entry has its DN', anew)
    else {
      dns.set(text, entryUUID)
      if (last === undefined && log.isWhole) changes.push({ type: 'add', entryUUID, dn, attributes: [] })
      if (last === undefined || last.dn === dn) continue
      changes.push({ type: 'rename', entryUUID, dn, previousDn: last.dn, attributes: [] })
      const why = `is of before change ${last.number}, which made it ${last.dn}`
      findings.push({ what: `${rowName(key)} (${dn})`, why, consequence: 'the next sync brings it up to date' })
    }
  }
  return { operations, findings, changes, dns }
}

/** Entries that the DN table names and that are there, by DN key (latin1). */
async function dnOwners(db: Database): Promise<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>()
  for await (const [key, value] of db.iterator({ ...dnRange }))
    if (value.length === 16 && (await db.get(entryKey(uuidFromOctets(value)))) !== undefined)
      owners.set(key.toString('latin1'), uuidFromOctets(value))
  return owners
}

/** Deletions of entries that are not there any more, though the log does not say so. */
function missingEntries({ newest }: KeptLog, dns: ReadonlyMap<string, string>): readonly NewChange[] {
  const there = new Set(dns.values())
  return [...newest.values()]
    .filter(({ entryUUID, type }) => type !== 'delete' && !there.has(entryUUID))
    .map(({ entryUUID, dn }) => ({ type: 'delete', entryUUID, dn, attributes: [] }))
}

function changeOperations({ last }: KeptLog, changes: readonly NewChange[], time: string): readonly WriteOperation[] {
  const cause = { kind: 'server', id: 'repair' } as const
  const rows = changes.map((change, index): WriteOperation => {
    const number = last + 1 + index
    return { type: 'put', key: logKey(number), value: encodeChange({ number, time, cause, ...change }) }
  })
  return [...rows, { type: 'put', key: metaKey('lastChange'), value: encodeRecord(last + changes.length) }]
}

async function dnTable(db: Database, dns: ReadonlyMap<string, string>): Promise<Salvaged> {
  const operations: WriteOperation[] = []
  const missing = new Map(dns)
  for await (const [key, value] of db.iterator({ ...dnRange })) {
    const text = key.toString('latin1')
    const owner = dns.get(text)
    if (owner === undefined) operations.push({ type: 'del', key })
    else if (uuidOctets(owner).equals(value)) missing.delete(text)
  }
  for (const [text, owner] of missing)
    operations.push({ type: 'put', key: Buffer.from(text, 'latin1'), value: uuidOctets(owner) })
  const why = `${operations.length} rows are missing or lead nowhere`
  const consequence = 'it is made anew of the entries, and nothing is lost'
  return { operations, findings: operations.length === 0 ? [] : [{ what: 'table of DNs', why, consequence }] }
}

/** What a codec gives, or what it finds wrong. */
export function readable<T>(
  decode: () => T,
): { readonly value: T; readonly problem?: undefined } | { readonly value?: undefined; readonly problem: string } {
  try {
    return { value: decode() }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}
