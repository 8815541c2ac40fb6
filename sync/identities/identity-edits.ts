import type { RecordChange } from '../../server/directory/directory-store.ts'
import { type IdentityRecord, identityKey, identityRecordKey, type Ledgers, type Linked } from '../ledgers.ts'
import type { NameRecord } from '../name-claims.ts'
import { numberKey } from '../posix-ids.ts'

/*
 * Changes of the ledgers that administrators ask for, as records to commit. Numbers and names are handed on, never lost:
 * what nobody has any more stays in the ledger under `retired/<entryUUID>`.
 */

const retiredTenant = 'retired'

/** Source keys that share the identity of `key`, without it. */
export function sharersOf(key: string, ledgers: Ledgers): readonly string[] {
  const entryUUID = ledgers.identities.get(key)?.entryUUID
  return [...ledgers.identities].filter(([k, r]) => k !== key && r.entryUUID === entryUUID).map(([k]) => k)
}

/** Gives a source key the identity of the person; what it had itself must have been released in the same commit. */
export function attach(key: string, person: IdentityRecord, linked: Linked | null, firstSeen: string): RecordChange {
  const { entryUUID, kind, number } = person
  const record = { entryUUID, kind, number, firstSeen, goneSince: null }
  return identityChange(key, linked === null ? record : { ...record, linked })
}

/**
 * Takes a source key out of its identity: another source of it holds number and names from now on, or, where there is
 * none, they are retired with it. The record of the key itself is the caller's to replace or remove.
 */
export function release(key: string, ledgers: Ledgers, now: string): readonly RecordChange[] {
  const record = ledgers.identities.get(key)
  if (record === undefined) return []
  const [heir] = sharersOf(key, ledgers)
  if (heir !== undefined) return handOver(key, heir, record, ledgers, (name) => name)
  const retired = identityKey(retiredTenant, record.entryUUID)
  return [
    identityChange(retired, { ...record, goneSince: record.goneSince ?? now }),
    ...handOver(key, retired, record, ledgers, (name) => ({ ...name, freed: name.freed ?? now })),
  ]
}

export function identityChange(key: string, value: IdentityRecord | undefined): RecordChange {
  return { collection: 'identity', key: identityRecordKey(key), value }
}

/** Number and names that are held under `from` are held under `to`. */
function handOver(
  from: string,
  to: string,
  { kind, number }: IdentityRecord,
  ledgers: Ledgers,
  changed: (record: NameRecord) => NameRecord,
): readonly RecordChange[] {
  if (ledgers.numbers.get(number) !== from) return []
  const names = [...ledgers.names[kind]].filter(([, record]) => record.holder === from)
  return [
    { collection: 'number', key: [numberKey(number)], value: { holder: to } },
    ...names.map(
      ([name, record]) =>
        ({ collection: 'name', key: [kind, name], value: { ...changed(record), holder: to } }) as const,
    ),
  ]
}
