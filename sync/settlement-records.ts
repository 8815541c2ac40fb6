import { isDeepStrictEqual } from 'node:util'
import type { ImportedPassword } from '../server/directory/credentials/credential-records.ts'
import { isOfImport } from '../server/directory/credentials/imported-passwords.ts'
import { inactiveNameChange } from '../server/directory/inactive-names.ts'
import type { EntryChange, Json, RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import type { Decision } from './candidates.ts'
import type { Desired } from './desired.ts'
import { emptiedChanges } from './emptied-groups.ts'
import { forgottenEnrollments } from './enrollment/forgotten-enrollments.ts'
import type { EntryType } from './file-entries.ts'
import { forgottenAccounts } from './forgotten-accounts.ts'
import { changedLedgers } from './forgetting.ts'
import { type HeldChanges, isUnprovenRemoval } from './guard.ts'
import { identityRecordKey, trusted } from './ledgers.ts'
import { numberKey } from './posix-ids.ts'
import { type ReportedHold, reportChange } from './run-report.ts'
import { type HeldRecord, readHeld, type Removals, removalsKey, type Settlement } from './settlement.ts'
import { isActive, type PlannedChange } from './sync-plan.ts'

/** Deletions first, so that a DN is free before its next holder takes it. */
export function entryChanges(changes: readonly PlannedChange[]): readonly EntryChange[] {
  return [
    ...changes.flatMap((c) => (c.after === undefined ? [{ type: 'delete', entryUUID: c.entryUUID } as const] : [])),
    ...changes.flatMap((c) => (c.after === undefined ? [] : [{ type: 'put', entry: c.after } as const])),
  ]
}

/** Every record that goes with the entries of a settlement; only what differs from what is stored. */
export async function recordChanges(
  store: RecordReader,
  settlement: Settlement,
  holds: readonly HeldRecord[],
  approved: string | undefined,
  now: Date,
  importedKey: Uint8Array | undefined,
): Promise<readonly RecordChange[]> {
  const { desired, changes } = settlement
  const { identities } = changedLedgers(settlement.ledgers, desired.ledgerChanges)
  // What an administrator approved is not counted against later runs.
  const counted = changes.filter(({ provider }) => provider !== approved)
  return [
    ...ledgerRecords(desired),
    ...settlement.pins,
    ...(await emptiedChanges(store, withoutApproved(settlement.emptied, approved))),
    ...(await decisionRecords(store, desired.decisions)),
    ...(await inactiveNameRecords(store, desired.inactiveNames)),
    ...(await credentialRecords(store, desired, importedKey)),
    ...(await forgottenAccounts(store, settlement.ledgers, desired.ledgerChanges, now)),
    ...(await forgottenEnrollments(store, { decisions: desired.decisions, identities }, now)),
    ...(await heldRecords(store, holds)),
    ...(await removalRecords(store, counted, now)),
  ]
}

/** What was approved is no loss any more. */
function withoutApproved(emptied: Settlement['emptied'], approved: string | undefined): Settlement['emptied'] {
  return approved === undefined ? emptied : new Map([...emptied, [approved, []]])
}

function ledgerRecords({ ledgerChanges }: Desired): readonly RecordChange[] {
  const { identities, names, numbers, words } = ledgerChanges
  return [
    ...[...identities].map(([key, value]) => ({ collection: 'identity', key: identityRecordKey(key), value }) as const),
    ...(['user', 'group'] as const).flatMap((kind) =>
      [...names[kind]].map(([name, value]) => ({ collection: 'name', key: [kind, name], value }) as const),
    ),
    ...[...words].map(([key, value]) => ({ collection: 'match', key: identityRecordKey(key), value }) as const),
    ...[...numbers].map(
      ([number, holder]) => ({ collection: 'number', key: [numberKey(number)], value: { holder } }) as const,
    ),
  ]
}

async function decisionRecords(
  store: RecordReader,
  decisions: ReadonlyMap<string, Decision>,
): Promise<readonly RecordChange[]> {
  const wanted = new Map<string, Json>(decisions)
  const changes: RecordChange[] = []
  for await (const { key, value } of store.list('decision')) {
    const name = key.join('\0')
    const decision = wanted.get(name)
    wanted.delete(name)
    if (decision === undefined || !isDeepStrictEqual(decision, value))
      changes.push({ collection: 'decision', key, value: decision })
  }
  for (const [name, value] of wanted) changes.push({ collection: 'decision', key: name.split('\0'), value })
  return changes
}

async function inactiveNameRecords(store: RecordReader, wanted: ReadonlySet<string>): Promise<readonly RecordChange[]> {
  const missing = new Set(wanted)
  const changes: RecordChange[] = []
  for await (const { key } of store.list('inactive-name')) {
    const [name = ''] = key
    if (!missing.delete(name)) changes.push(inactiveNameChange(name, false))
  }
  return [...changes, ...Array.from(missing, (name) => inactiveNameChange(name, true))]
}

const importedPrefix = 'ldif:'

/**
 * Passwords of file entries as credentials `ldif:<n>`, and nothing kept of a provider's password for who is not active;
 * those of other origin are left alone.
 */
async function credentialRecords(
  store: RecordReader,
  desired: Desired,
  importedKey: Uint8Array | undefined,
): Promise<readonly RecordChange[]> {
  const wanted = new Map<string, ImportedPassword>()
  for (const [entryUUID, passwords] of desired.passwords)
    for (const [index, hash] of passwords.entries())
      wanted.set(`${entryUUID}\0${importedPrefix}${index}`, { kind: 'imported', hash })
  const changes: RecordChange[] = []
  for await (const { key, value } of store.list('credential')) {
    const [entryUUID = '', id = ''] = key
    const entry = desired.entries.get(entryUUID)
    if (id === 'provider' && (entry === undefined || !isActive(entry)))
      changes.push({ collection: 'credential', key, value: undefined })
    if (!id.startsWith(importedPrefix)) continue
    const name = `${entryUUID}\0${id}`
    const credential = wanted.get(name)
    wanted.delete(name)
    // An entry the guard holds keeps its password: its file entry is gone, so nothing is known of a new one.
    const isHeld = !desired.passwords.has(entryUUID) && entry !== undefined
    const isSame = credential !== undefined && isOfImport(value, credential.hash, importedKey)
    if (!isHeld && !isSame) changes.push({ collection: 'credential', key, value: credential })
  }
  for (const [name, value] of wanted) changes.push({ collection: 'credential', key: name.split('\0'), value })
  return changes
}

/** What is held now, with what was known of the same changes before. */
export async function holdsOf(store: RecordReader, settlement: Settlement, now: Date): Promise<readonly HeldRecord[]> {
  const known = await readHeld(store)
  return settlement.held.map((held) => {
    const before = known.get(held.provider)
    const same = before?.hash === held.hash ? before : undefined
    return {
      ...reportHold(held, same?.discarded ?? false),
      since: same?.since ?? now.toISOString(),
    }
  })
}

function reportHold(held: HeldChanges, discarded: boolean): ReportedHold {
  const { provider, hash, reasons, changes } = held
  return {
    provider,
    hash,
    reasons,
    changes: changes.map((change) => ({ ...reportChange(change), waits: change.waits })),
    discarded,
  }
}

async function heldRecords(store: RecordReader, holds: readonly HeldRecord[]): Promise<readonly RecordChange[]> {
  const wanted = new Map<string, Json>(holds.map((hold) => [hold.provider, hold]))
  const changes: RecordChange[] = []
  for await (const { key, value } of store.list('held')) {
    const hold = wanted.get(key[0] ?? '')
    wanted.delete(key[0] ?? '')
    if (!isDeepStrictEqual(hold, value)) changes.push({ collection: 'held', key, value: hold })
  }
  for (const [provider, value] of wanted) changes.push({ collection: 'held', key: [provider], value })
  return changes
}

/** What the guard counts over 24 hours. Older removals are forgotten when new ones are written. */
async function removalRecords(
  store: RecordReader,
  changes: readonly PlannedChange[],
  now: Date,
): Promise<readonly RecordChange[]> {
  const counts = new Map<string, Map<EntryType, number>>()
  for (const change of changes.filter(isUnprovenRemoval)) {
    const types = counts.get(change.provider) ?? new Map<EntryType, number>()
    types.set(change.type, (types.get(change.type) ?? 0) + 1)
    counts.set(change.provider, types)
  }
  const since = new Date(now.getTime() - 86_400_000).toISOString()
  const records: RecordChange[] = []
  for (const [provider, types] of counts) {
    const key = removalsKey(provider)
    const before = await store.get('meta', key)
    const recent = before === undefined ? [] : trusted<Removals>(before).filter((removal) => removal.time > since)
    const added = [...types].map(([type, count]) => ({ time: now.toISOString(), type, count }))
    records.push({ collection: 'meta', key, value: [...recent, ...added] })
  }
  return records
}
