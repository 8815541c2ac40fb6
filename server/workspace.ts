import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type AuthorizationLinks, createAuthorizationLinks } from '../sync/authorization-links.ts'
import { type Authorizations, createAuthorizations } from '../sync/authorizations.ts'
import { createProviders } from '../sync/create-providers.ts'
import { type CredentialRecorder, createCredentialRecorder } from '../sync/credential-recorder.ts'
import { containerEntries } from '../sync/container-entries.ts'
import { createEnrollment, type Enrollment } from '../sync/enrollment/enrollment.ts'
import type { IdentityProvider } from '../sync/identity-provider.ts'
import type { ProviderParts } from '../sync/provider-parts.ts'
import { createPassThrough, type PassThrough, type PassThroughParts } from '../sync/pass-through/pass-through.ts'
import type { MailServer } from '../sync/reporting/mail-server.ts'
import { runReportChanges } from '../sync/reporting/run-reporting.ts'
import { createLine } from '../sync/line.ts'
import { mailServerOf } from '../sync/reporting/senders.ts'
import type { RunReport } from '../sync/run-report.ts'
import { createSyncEngine, type SyncEngine } from '../sync/sync-engine.ts'
import { createBcryptPool } from './directory/authentication/bcrypt-pool.ts'
import type { SignInServices } from './directory/authentication/sign-in-services.ts'
import { type Accounts, createAccounts } from './directory/credentials/accounts.ts'
import { createImportUpgrades } from './directory/credentials/imported-passwords.ts'
import { type Binders, createBinders } from './directory/credentials/binders.ts'
import { createMacKeys, type MacKeys } from './directory/credentials/mac-keys.ts'
import { removedNtHashes } from './directory/credentials/nt-hash.ts'
import { createSshKeys, type SshKeys } from './directory/credentials/ssh-keys.ts'
import { createWebSessions, type WebSessions } from './directory/credentials/web-sessions.ts'
import { type Directory, openDirectory } from './directory/directory.ts'
import type { Cause, DirectoryStore } from './directory/directory-store.ts'
import { type RotatedKey, rotateMasterKey } from './directory/master-key-rotation.ts'
import { filledMark } from './directory/filled-mark.ts'
import { createSealedRecords, type SealedRecords } from './directory/sealed-records.ts'
import { formatGeneralizedTime } from './protocol/generalized-time.ts'
import type { Clock } from './runtime/clock.ts'
import type { LoadedConfig } from './runtime/config.ts'
import type { Config } from './runtime/config-schema.ts'
import type { Logger } from './runtime/logger.ts'
import { type MasterKeySource, makeMasterKey, readMasterKeys } from './runtime/master-key.ts'
import { resolveSecret } from './runtime/secret.ts'
import { trustCaFile } from './runtime/trust.ts'
import { signInServices } from './sign-in.ts'
import { openLevelStore } from './storage/level-store.ts'

export interface WorkspaceOptions {
  readonly loaded: LoadedConfig
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly logger: Logger
  /** Hears of every sync run that ended. */
  readonly onRun?: (report: RunReport) => void
  /** Hears of every password that a provider was to check. */
  readonly onPasswordCheck?: PassThroughParts['onAnswer']
}

/** The store of one configuration, opened, and what works on it: what `serve` and the commands share. */
export interface Workspace extends AsyncDisposable {
  readonly config: Config
  readonly directory: Directory
  readonly engine: SyncEngine
  readonly providers: readonly IdentityProvider[]
  readonly clock: Clock
  /** undefined without `smtp`. */
  readonly mailServer: MailServer | undefined
  readonly enrollment: Enrollment
  readonly sealed: SealedRecords
  readonly authorizations: Authorizations
  readonly authorizationLinks: AuthorizationLinks
  readonly credentialRecorder: CredentialRecorder
  readonly macKeys: MacKeys
  readonly passThrough: PassThrough
  readonly accounts: Accounts
  /** One at a time. Throws MasterKeyError. */
  readonly rotateKey: (cause: Cause) => Promise<RotatedKey>
  readonly binders: Binders
  readonly sshKeys: SshKeys
  readonly webSessions: WebSessions
  readonly signIn: SignInServices
}

/** Without what is kept in the store when none is open. */
export function providersOf(
  { loaded, env, clock }: Omit<WorkspaceOptions, 'logger'>,
  kept: Pick<ProviderParts, 'authorizations' | 'recorder'> = {},
): readonly IdentityProvider[] {
  return createProviders(loaded.config, {
    clock,
    secret: (source) => resolveSecret(source, { env, baseDir: loaded.baseDir }),
    directory: loaded.baseDir,
    ...kept,
  })
}

/** Throws StoreError when the store cannot be opened, for one because another process has it. */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { loaded, env, clock, logger } = options
  const { config } = loaded
  if (config.caFile !== null) await trustCaFile(config.caFile)
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const store = await openLevelStore(join(config.dataDir, 'db'))
  try {
    const sealed = sealedRecordsOf(options, store)
    const directory = await openDirectory(store, config.baseDn, { sealed })
    if (config.providers.length === 0) await addContainers(directory, config, clock)
    if (!config.passwords.ntHash) await forgetNtHashes(directory)
    const macKeys = createMacKeys(directory, sealed)
    const authorizations = createAuthorizations({ directory, sealed, clock })
    const credentialRecorder = createCredentialRecorder({ directory, clock, logger })
    const providers = providersOf(options, { authorizations, recorder: credentialRecorder })
    const authorizationLinks = createAuthorizationLinks({ directory, authorizations, providers, config, clock })
    const engine = createSyncEngine({
      directory,
      config,
      providers,
      clock,
      logger,
      importedPasswordKey: () => macKeys.find('imported-password'),
      reporting: (report, waiting) => runReportChanges(report, waiting, config, { store, clock, logger }),
      ...(options.onRun ? { onRun: options.onRun } : {}),
    })
    await engine.markInterruptedRuns()
    const mailServer = mailServerOf(config, (source) => resolveSecret(source, { env, baseDir: loaded.baseDir }))
    const enrollment = createEnrollment({ directory, engine, config, clock, logger, mailServer })
    const bcrypt = createBcryptPool(1)
    const passThrough = createPassThrough({
      directory,
      config,
      providers,
      bcrypt,
      clock,
      logger,
      ...(options.onPasswordCheck ? { onAnswer: options.onPasswordCheck } : {}),
    })
    const rotating = createLine()
    const rotateKey = async (cause: Cause) => {
      const rotated = await rotateMasterKey({ directory, sealed, source: keySource(options) }, cause)
      logger.info({ by: `${cause.kind}:${cause.id}`, ...rotated }, 'master key replaced')
      return rotated
    }
    const importUpgrades = createImportUpgrades({
      directory,
      macKeys,
      bcrypt,
      bcryptCost: config.passwords.bcryptCost,
      onProblem: (error) => logger.error({ err: error }, 'a password of a file could not be upgraded'),
    })
    const signInContext = { directory, sealed, macKeys, bcrypt, clock, logger, config }
    const accounts = createAccounts(signInContext)
    const sshKeys = createSshKeys(signInContext, (work) => engine.exclusively(work))
    return {
      config,
      directory,
      engine,
      providers,
      clock,
      mailServer,
      enrollment,
      sealed,
      authorizations,
      authorizationLinks,
      credentialRecorder,
      macKeys,
      passThrough,
      accounts,
      rotateKey: (cause) => rotating(() => rotateKey(cause)),
      binders: createBinders({ directory, config, clock }),
      sshKeys,
      webSessions: createWebSessions({ directory, clock }),
      // Binds ask here for what the parts above know.
      signIn: signInServices({
        appPasswordKey: () => macKeys.find('app-password'),
        checkAtProvider: (request) => passThrough.checkAtProvider(request),
        redeemCode: (entryUUID, code) => accounts.secondFactors.redeem(entryUUID, code),
        changePassword: (request) => accounts.passwords.change(request),
        async upgradeImported(found) {
          importUpgrades.upgrade(found)
        },
      }),
      async [Symbol.asyncDispose]() {
        await enrollment.idle()
        await passThrough[Symbol.asyncDispose]()
        await importUpgrades[Symbol.asyncDispose]()
        await bcrypt[Symbol.asyncDispose]()
        await store.close()
      },
    }
  } catch (error) {
    await store.close()
    throw error
  }
}

export function sealedRecordsOf(
  options: Pick<WorkspaceOptions, 'loaded' | 'env'>,
  store: DirectoryStore,
): SealedRecords {
  const { dataDir } = options.loaded.config
  return createSealedRecords({
    store,
    readKeys: () => readMasterKeys(keySource(options)),
    makeKey: () => makeMasterKey(dataDir),
    keyPlaces: `put that key into ROSTERD_MASTER_KEY, masterKeyFile or ${join(dataDir, 'master.key')}, or forget what is encrypted with it and set it anew`,
  })
}

function keySource({ loaded, env }: Pick<WorkspaceOptions, 'loaded' | 'env'>): MasterKeySource {
  const { dataDir, masterKeyFile } = loaded.config
  return { env, masterKeyFile, dataDir }
}

/** Of those that were kept while the setting asked for it. */
async function forgetNtHashes(directory: Directory): Promise<void> {
  const records = await removedNtHashes(directory.store)
  const cause = { kind: 'server', id: 'passwords.ntHash is off' } as const
  if (records.length > 0) await directory.commit({ cause, entries: [], records })
}

/** Without a provider no run makes the suffix and ou entries, and an empty directory would look like one not filled yet. */
async function addContainers(directory: Directory, config: Config, clock: Clock): Promise<void> {
  if (directory.isFilled) return
  const now = formatGeneralizedTime(clock.now())
  const entries = containerEntries(config).map(({ dn, entryUUID, attributes }) => ({
    type: 'put' as const,
    entry: {
      dn,
      entryUUID,
      attributes: new Map([...attributes, ['createTimestamp', [now]], ['modifyTimestamp', [now]]]),
    },
  }))
  await directory.commit({ cause: { kind: 'server', id: 'first start' }, entries, records: [filledMark] })
}
