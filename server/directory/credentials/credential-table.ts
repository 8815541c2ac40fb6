import type { Collection, RecordChange } from '../directory-store.ts'
import { type AccountRecord, type CredentialRecord, readAccount, readCredential } from './credential-records.ts'

/** Collections that a bind asks for. */
export const accountCollections: ReadonlySet<Collection> = new Set([
  'credential',
  'account',
  'binder',
  'inactive-name',
  'throttle',
  'activity',
])

const none: readonly Credential[] = []

export type Credential = readonly [id: string, record: CredentialRecord]

/** What is known of one person. */
interface Person {
  /** Most have one, and a hundred thousand maps are heavy. */
  credentials: readonly Credential[]
  account: AccountRecord | undefined
  version: number
}

/** What people sign in with, in memory, so that a bind asks no disk. */
export class CredentialTable {
  private readonly people = new Map<string, Person>()
  /** Moves with every change of anybody's version. */
  revision = 0

  /** Takes in a change of the `credential` or `account` collection; others are nothing to it. */
  apply({ collection, key, value }: RecordChange): void {
    if (collection !== 'credential' && collection !== 'account') return
    const [entryUUID = '', id = ''] = key
    const person = this.people.get(entryUUID) ?? { credentials: none, account: undefined, version: 0 }
    this.people.set(entryUUID, person) // of somebody who has nothing left the version is remembered
    const record = collection === 'credential' ? readCredential(value) : undefined
    // That a password was right just now makes nothing void.
    if (record?.kind !== 'provider') {
      person.version += 1
      this.revision += 1
    }
    if (collection === 'account') person.account = readAccount(value)
    else person.credentials = withCredential(person.credentials, id, record)
  }

  account(entryUUID: string): AccountRecord | undefined {
    return this.people.get(entryUUID)?.account
  }

  credential(entryUUID: string, id: string): CredentialRecord | undefined {
    return this.people.get(entryUUID)?.credentials.find(([each]) => each === id)?.[1]
  }

  /** In the order in which they came. */
  credentials(entryUUID: string): readonly Credential[] {
    return this.people.get(entryUUID)?.credentials ?? none
  }

  /**
   * Moves with every change of a credential or of the account record, also with the removal of what was not there: who
   * learns that a password was changed elsewhere makes void what was found out with the old one. It stays when what a
   * provider found right is kept.
   */
  version(entryUUID: string): number {
    return this.people.get(entryUUID)?.version ?? 0
  }
}

function withCredential(
  all: readonly Credential[],
  id: string,
  record: CredentialRecord | undefined,
): readonly Credential[] {
  if (record === undefined) return all.filter(([each]) => each !== id)
  const place = all.findIndex(([each]) => each === id)
  return place < 0 ? [...all, [id, record]] : all.with(place, [id, record])
}
