import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Authenticator, createAuthenticator } from '../../server/directory/authentication/authenticator.ts'
import { BinderRegistry } from '../../server/directory/authentication/binder-registry.ts'
import { type ClientHappening, ClientWatch } from '../../server/directory/authentication/client-watch.ts'
import { createBcryptPool } from '../../server/directory/authentication/bcrypt-pool.ts'
import type { SignInServices } from '../../server/directory/authentication/sign-in-services.ts'
import { type Accounts, createAccounts } from '../../server/directory/credentials/accounts.ts'
import { createMacKeys } from '../../server/directory/credentials/mac-keys.ts'
import { type Directory, openDirectory } from '../../server/directory/directory.ts'
import { createDirectoryReplica } from '../../server/directory/directory-replica.ts'
import type { EntryChange, RecordChange } from '../../server/directory/directory-store.ts'
import { filledMark } from '../../server/directory/filled-mark.ts'
import type { Schema } from '../../server/directory/schema/schema.ts'
import { type AccessLogRecord, createAccessLog } from '../../server/ldap/access-log.ts'
import { type LdapServer, startLdapServer } from '../../server/ldap/ldap-server.ts'
import { loadTlsIdentity } from '../../server/ldap/tls.ts'
import { type LdifRecord, parseLdif } from '../../server/protocol/ldif.ts'
import { Secret } from '../../server/runtime/secret.ts'
import { readBinders } from '../../server/binders.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { signInServices } from '../../server/sign-in.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { type FakeClock, fakeClock } from '../sync/fake-clock.ts'
import { testSealedRecords } from './sign-in-accounts.ts'

export const suffix = 'dc=example,dc=com'
const readerAccount = { name: 'svc-reader', password: 'svc-Reader-Secret-1' }
export const reader = { ...readerAccount, dn: `cn=svc-reader,ou=services,${suffix}` }

/** Ada, Grace and Zoë, three groups: what most tests need. */
export const peopleLdif = readFileSync(new URL('../fixtures/people.ldif', import.meta.url), 'utf8')

export interface RunningLdapServer extends LdapServer, AsyncDisposable {
  readonly directory: Directory
  /** What people sign in with. */
  readonly accounts: Accounts
  /** By which binds are judged. */
  readonly clock: FakeClock
  readonly schema: Schema
  readonly caPem: string
  /** What the access log was told, as JSON lines. */
  readonly accessLines: readonly string[]
  readonly operations: readonly AccessLogRecord['operation'][]
  readonly clientWatch: ClientWatch
  /** What `clientWatch` told. */
  readonly happenings: readonly ClientHappening[]
  /** Defects reported so far; every test may ask that there be none. */
  readonly defects: readonly unknown[]
}

/** A server on ports of the system's choice over entries given as LDIF, without a sync engine. */
export async function startTestLdapServer(
  options: {
    ldif?: string
    ldap?: object
    authenticator?: Authenticator
    binders?: readonly object[]
    signIn?: Partial<SignInServices>
  } = {},
): Promise<RunningLdapServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-test-'))
  const settings = configSchema.parse({ ldap: { port: 0, tls: { port: 0 }, ...options.ldap } })
  const config = settings.ldap
  const directory = await openDirectory(openMemoryStore(), suffix)
  const served = createDirectoryReplica(suffix)
  await directory.follow(served)
  await directory.commit({ cause: { kind: 'server', id: 'test' }, ...changesOf(parseLdif(options.ldif ?? peopleLdif)) })
  const configured = await readBinders(configSchema.parse({ binders: options.binders ?? [readerAccount] }), (source) =>
    Promise.resolve(new Secret(typeof source === 'string' ? source : '')),
  )
  const binders = new BinderRegistry(configured, suffix)
  const bcrypt = createBcryptPool(1)
  const clock = fakeClock()
  const sealed = testSealedRecords(directory.store)
  const macKeys = createMacKeys(directory, sealed)
  const people = createAccounts({
    directory,
    sealed,
    macKeys,
    bcrypt,
    clock,
    logger: { info: () => undefined },
    config: settings,
  })
  const accessLines: string[] = []
  const happenings: ClientHappening[] = []
  const clientWatch = new ClientWatch(
    suffix,
    () => clock.now().getTime(),
    (happening) => happenings.push(happening),
  )
  const operations: string[] = []
  const defects: unknown[] = []
  const tls = await loadTlsIdentity(config, dataDir, new Date())
  const server = await startLdapServer({
    config,
    directory: served,
    tls,
    binders,
    version: 'test',
    authenticator:
      options.authenticator ??
      createAuthenticator({
        directory: served,
        binders,
        bindByName: true,
        bcrypt,
        signIn: signInServices({
          appPasswordKey: () => macKeys.find('app-password'),
          redeemCode: (entryUUID, code) => people.secondFactors.redeem(entryUUID, code),
          changePassword: (request) => people.passwords.change(request),
          ...options.signIn,
        }),
        passwords: settings.passwords,
        now: () => clock.now(),
      }),
    clientWatch,
    accessLog: createAccessLog({
      operations: 'all',
      write: (line) => accessLines.push(line),
      observe: (operation) => operations.push(operation),
    }),
    reportDefect: (error) => defects.push(error),
  })
  const close = async () => {
    await server.close()
    await bcrypt[Symbol.asyncDispose]()
    await directory.store.close()
    await rm(dataDir, { recursive: true })
  }
  // Getters of the server (connections) stay live through the prototype.
  return Object.assign(Object.create(server) as LdapServer, {
    directory,
    accounts: people,
    clock,
    schema: served.schema,
    caPem: tls.caPem ?? '',
    accessLines,
    operations,
    clientWatch,
    happenings,
    defects,
    close,
    [Symbol.asyncDispose]: close,
  })
}

/** Entries as the ldif provider would serve them, with passwords apart. */
function changesOf(records: readonly LdifRecord[]): { entries: EntryChange[]; records: RecordChange[] } {
  const entries: EntryChange[] = []
  const passwords: RecordChange[] = []
  records.forEach(({ dn, attributes }, index) => {
    const entryUUID = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`
    const served = new Map([...attributes].filter(([name]) => name !== 'userPassword' && name !== 'memberOf'))
    served.set('createTimestamp', ['20260101000000Z'])
    served.set('modifyTimestamp', ['20260101000000Z'])
    entries.push({ type: 'put', entry: { dn, entryUUID, attributes: served } })
    attributes.get('userPassword')?.forEach((value, number) => {
      passwords.push({
        collection: 'credential',
        key: [entryUUID, `ldif:${number}`],
        value: { kind: 'imported', hash: Buffer.from(value as string).toString('utf8') },
      })
    })
  })
  return { entries, records: entries.length === 0 ? [] : [...passwords, filledMark] }
}
