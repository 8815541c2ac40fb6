import { createBcryptPool } from '../../server/directory/authentication/bcrypt-pool.ts'
import { type Accounts, createAccounts } from '../../server/directory/credentials/accounts.ts'
import { createMacKeys, type MacKeys } from '../../server/directory/credentials/mac-keys.ts'
import { createDirectoryReplica } from '../../server/directory/directory-replica.ts'
import type { ServedDirectory } from '../../server/directory/served-directory.ts'
import { type Directory, openDirectory } from '../../server/directory/directory.ts'
import type { RecordReader } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { createSealedRecords, type SealedRecords } from '../../server/directory/sealed-records.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { readMasterKeys } from '../../server/runtime/master-key.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { type FakeClock, fakeClock } from '../sync/fake-clock.ts'

/** Ada of a cloud and Frank of a file. */
export const ada = '00000000-0000-4000-8000-000000000001'
export const frank = '00000000-0000-4000-8000-000000000002'
export const admin = { kind: 'admin', id: 'root' } as const
const suffix = 'dc=example,dc=com'

export interface TestAccounts extends AsyncDisposable {
  readonly accounts: Accounts
  readonly directory: Directory
  /** As the LDAP thread has it. */
  readonly served: ServedDirectory
  readonly sealed: SealedRecords
  readonly macKeys: MacKeys
  readonly clock: FakeClock
  /** What was logged. */
  readonly logged: readonly object[]
}

/** What people sign in with, over a real directory; time stands still. */
export async function openTestAccounts(passwords: object = {}): Promise<TestAccounts> {
  const config = configSchema.parse({
    baseDn: suffix,
    organization: 'Lighthouse',
    providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }],
    passwords: { bcryptCost: 8, ...passwords },
  })
  const clock = fakeClock()
  const store = openMemoryStore({ clock })
  const sealed = testSealedRecords(store)
  const directory = await openDirectory(store, suffix, { sealed })
  const served = createDirectoryReplica(suffix, () => clock.now())
  await directory.follow(served)
  const entries = [
    person(ada, 'ada', 'contoso:1', { givenName: 'Ada', sn: 'Lovelace', mail: 'countess@contoso.example' }),
    person(frank, 'frank', 'seed:uid=frank', {}),
  ]
  await directory.commit({
    cause: { kind: 'server', id: 'test' },
    entries: entries.map((entry) => ({ type: 'put', entry }) as const),
    records: [],
  })
  const macKeys = createMacKeys(directory, sealed)
  const bcrypt = createBcryptPool(1)
  const logged: object[] = []
  const logger = { info: (fields: object, event: string) => void logged.push({ ...fields, event }) }
  return {
    accounts: createAccounts({ directory, sealed, macKeys, bcrypt, clock, logger, config }),
    directory,
    served,
    sealed,
    macKeys,
    clock,
    logged,
    async [Symbol.asyncDispose]() {
      await bcrypt[Symbol.asyncDispose]()
      await store.close()
    },
  }
}

/** Secrets in a store, with the master key of tests. */
export function testSealedRecords(store: RecordReader): SealedRecords {
  return createSealedRecords({
    store,
    readKeys: () =>
      readMasterKeys({
        env: { ROSTERD_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') },
        masterKeyFile: null,
        dataDir: '/nowhere',
      }),
    makeKey: () => Promise.reject(new Error('there is one')),
    keyPlaces: 'put it back',
  })
}

function person(entryUUID: string, uid: string, source: string, more: Readonly<Record<string, string>>): Entry {
  return {
    dn: `uid=${uid},ou=people,${suffix}`,
    entryUUID,
    attributes: new Map<string, readonly string[]>([
      ['objectClass', ['top', 'person', 'inetOrgPerson']],
      ['uid', [uid]],
      ['cn', [uid]],
      ...Object.entries(more).map(([name, value]) => [name, [value]] as const),
      ['rosterdSource', [source]],
    ]),
  }
}
