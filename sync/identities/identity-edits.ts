import type { RecordChange } from '../../server/directory/directory-store.ts'
import { createBreather } from '../breather.ts'
import {
  type IdentityKind,
  type IdentityRecord,
  identityKey,
  identityRecordKey,
  type Ledgers,
  type Linked,
} from '../ledgers.ts'
import type { NameRecord } from '../name-claims.ts'
import { numberKey } from '../posix-ids.ts'

/*
 * Changes of the ledgers that administrators ask for, as records to commit. Numbers and names are handed on, never lost:
 * what nobody has any more stays in the ledger under `retired/<entryUUID>`.
 */

const retiredTenant = 'retired'

/** Ledgers in which the sources of a person and the names of a holder are found without a search. */
export interface IndexedLedgers extends Ledgers {
  readonly keysByUuid: ReadonlyMap<string, readonly string[]>
  readonly namesByHolder: Readonly<Record<IdentityKind, ReadonlyMap<string, readonly string[]>>>
}

export async function indexLedgers(ledgers: Ledgers): Promise<IndexedLedgers> {
  const breathe = createBreather()
  const { identities, names } = ledgers
  const namesOf = (kind: IdentityKind) => grouped(names[kind], ({ holder }) => holder)
  return {
    ...ledgers,
    keysByUuid: await grouped(identities, ({ entryUUID }) => entryUUID),
    namesByHolder: { user: await namesOf('user'), group: await namesOf('group') },
  }

  async function grouped<T>(records: ReadonlyMap<string, T>, by: (record: T) => string) {
    const keys = new Map<string, string[]>()
    for (const [key, record] of records) {
      const known = keys.get(by(record))
      if (known === undefined) keys.set(by(record), [key])
      else known.push(key)
      await breathe()
    }
    return keys
  }
}

/** Source keys that share the identity of `key`, without it. */
export function sharersOf(key: string, { identities, keysByUuid }: IndexedLedgers): readonly string[] {
  const entryUUID = identities.get(key)?.entryUUID
  return entryUUID === undefined ? [] : (keysByUuid.get(entryUUID) ?? []).filter((k) => k !== key)
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
export function release(key: string, ledgers: IndexedLedgers, now: string): readonly RecordChange[] {
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
  ledgers: IndexedLedgers,
  changed: (record: NameRecord) => NameRecord,
): readonly RecordChange[] {
  if (ledgers.numbers.get(number) !== from) return []
  const names = ledgers.namesByHolder[kind].get(from) ?? []
  return [
    { collection: 'number', key: [numberKey(number)], value: { holder: to } },
    ...names.flatMap((name) => {
      const record = ledgers.names[kind].get(name)
      if (record === undefined) return []
      return [{ collection: 'name', key: [kind, name], value: { ...changed(record), holder: to } } as const]
    }),
  ]
}
