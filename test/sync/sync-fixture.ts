import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { SignInServices } from '../../server/directory/authentication/sign-in-services.ts'
import { createBcryptPool } from '../../server/directory/authentication/bcrypt-pool.ts'
import { createMacKeys, type MacKeys } from '../../server/directory/credentials/mac-keys.ts'
import { type Accounts, createAccounts } from '../../server/directory/credentials/accounts.ts'
import { createSshKeys, type SshKeys } from '../../server/directory/credentials/ssh-keys.ts'
import { createWebSessions, type WebSessions } from '../../server/directory/credentials/web-sessions.ts'
import { type Binders, createBinders } from '../../server/directory/credentials/binders.ts'
import { type Directory, openDirectory } from '../../server/directory/directory.ts'
import type { DirectoryStore } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { rotateMasterKey } from '../../server/directory/master-key-rotation.ts'
import { createSealedRecords, type SealedRecords } from '../../server/directory/sealed-records.ts'
import { type Config, configSchema } from '../../server/runtime/config-schema.ts'
import { readMasterKeys } from '../../server/runtime/master-key.ts'
import { Secret } from '../../server/runtime/secret.ts'
import type { Workspace } from '../../server/workspace.ts'
import { signInServices } from '../../server/sign-in.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { type Authorizations, createAuthorizations } from '../../sync/authorizations.ts'
import { type AuthorizationLinks, createAuthorizationLinks } from '../../sync/authorization-links.ts'
import { createProviders } from '../../sync/create-providers.ts'
import { type CredentialRecorder, createCredentialRecorder } from '../../sync/credential-recorder.ts'
import type { IdentityProvider } from '../../sync/identity-provider.ts'
import { createEnrollment, type Enrollment } from '../../sync/enrollment/enrollment.ts'
import type { Logger } from '../../sync/logger.ts'
import { createPassThrough, type PassThrough } from '../../sync/pass-through/pass-through.ts'
import type { MailServer } from '../../sync/reporting/mail-server.ts'
import { runReportChanges } from '../../sync/reporting/run-reporting.ts'
import { mailServerOf } from '../../sync/reporting/senders.ts'
import { createSyncEngine, type SyncEngine } from '../../sync/sync-engine.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

const baseDn = 'dc=example,dc=com'
const masterKey = Buffer.alloc(32, 7).toString('base64')

export interface SyncFixture {
  readonly directory: Directory
  readonly engine: SyncEngine
  readonly clock: FakeClock
  readonly config: Config
  readonly providers: readonly IdentityProvider[]
  readonly mailServer: MailServer | undefined
  readonly enrollment: Enrollment
  readonly logger: Logger
  readonly logged: readonly object[]
  readonly sealed: SealedRecords
  readonly authorizations: Authorizations
  readonly authorizationLinks: AuthorizationLinks
  readonly credentialRecorder: CredentialRecorder
  readonly macKeys: MacKeys
  readonly passThrough: PassThrough
  readonly accounts: Accounts
  readonly rotateKey: Workspace['rotateKey']
  readonly binders: Binders
  readonly sshKeys: SshKeys
  readonly webSessions: WebSessions
  readonly signIn: SignInServices
}

/** Tenants whose certificate this process trusts. */
export async function startTrustedTenants(
  options: Parameters<typeof startSimulatedTenants>[0] = {},
): Promise<SimulatedTenants> {
  const tenants = await startSimulatedTenants(options)
  setDefaultCACertificates([...getCACertificates('default'), tenants.caPem])
  return tenants
}

export function entraSettings(tenants: SimulatedTenants, changes: object = {}): object {
  const { authorityHost, graphUrl, scope, tenantId, clientId, clientSecret } = tenants.entra
  return {
    id: 'contoso',
    type: 'entra',
    name: 'Contoso',
    tenantId,
    clientId,
    credentials: [{ kind: 'application', clientSecret }],
    authorityHost,
    graphUrl: `${graphUrl}/v1.0`,
    scope,
    ...changes,
  }
}

export function oktaSettings(tenants: SimulatedTenants, changes: object = {}): object {
  const { orgUrl, apiToken } = tenants.okta
  return { id: 'acme', type: 'okta', name: 'Acme', orgUrl, apiToken, ...changes }
}

export interface FixtureOptions {
  readonly providers: readonly object[]
  readonly settings?: object
  readonly store?: DirectoryStore
  readonly clock?: FakeClock
}

/** An engine over real providers and a real directory; time stands still. */
export async function openSync(options: FixtureOptions): Promise<SyncFixture> {
  const config = configSchema.parse({ baseDn, providers: options.providers, ...options.settings })
  const clock = options.clock ?? fakeClock()
  const store = options.store ?? openMemoryStore({ clock })
  const directory = await openDirectory(store, baseDn)
  const logged: object[] = []
  const keep = (fields: object, message: string) => void logged.push({ ...fields, message })
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep }
  const secret = async (source: unknown) => new Secret(String(source))
  const source = { env: { ROSTERD_MASTER_KEY: masterKey }, masterKeyFile: null, dataDir: '/nowhere' }
  const sealed = createSealedRecords({
    store,
    readKeys: () => readMasterKeys(source),
    makeKey: () => Promise.reject(new Error('there is one')),
    keyPlaces: 'put it back',
  })
  const macKeys = createMacKeys(directory, sealed)
  const authorizations = createAuthorizations({ directory, sealed, clock })
  const credentialRecorder = createCredentialRecorder({ directory, clock, logger })
  const providers = createProviders(config, {
    clock,
    secret,
    directory: '/nowhere',
    authorizations,
    recorder: credentialRecorder,
  })
  const authorizationLinks = createAuthorizationLinks({ directory, authorizations, providers, config, clock })
  const engine = createSyncEngine({
    directory,
    config,
    providers,
    clock,
    logger,
    importedPasswordKey: () => macKeys.find('imported-password'),
    reporting: (report, waiting) => runReportChanges(report, waiting, config, { store, clock, logger }),
  })
  const mailServer = mailServerOf(config, secret)
  const enrollment = createEnrollment({ directory, engine, config, clock, logger, mailServer })
  const bcrypt = createBcryptPool(1)
  const passThrough = createPassThrough({ directory, config, providers, bcrypt, clock, logger })
  const signInContext = { directory, sealed, macKeys, bcrypt, clock, logger, config }
  return {
    directory,
    engine,
    clock,
    config,
    providers,
    mailServer,
    enrollment,
    logger,
    logged,
    sealed,
    authorizations,
    authorizationLinks,
    credentialRecorder,
    passThrough,
    rotateKey: (cause) => rotateMasterKey({ directory, sealed, source }, cause),
    signIn: signInServices({ checkAtProvider: (request) => passThrough.checkAtProvider(request) }),
    macKeys,
    accounts: createAccounts(signInContext),
    sshKeys: createSshKeys(signInContext, (work) => engine.exclusively(work)),
    binders: createBinders({ directory, config, clock }),
    webSessions: createWebSessions({ directory, clock }),
  }
}

/** Entries by DN, as plain objects; easy to compare and to read in a failure. */
export function servedEntries(directory: Directory): Record<string, Record<string, readonly unknown[]>> {
  return Object.fromEntries(
    [...directory.entries()]
      .sort((a, b) => (a.dn < b.dn ? -1 : 1))
      .map((entry) => [entry.dn, { entryUUID: [entry.entryUUID], ...Object.fromEntries(entry.attributes) }]),
  )
}

export function values(entry: Entry | undefined, attribute: string): readonly string[] {
  return (entry?.attributes.get(attribute) ?? []).map(String)
}
