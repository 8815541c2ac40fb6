import { type Authorizations, createAuthorizations } from '../sync/authorizations.ts'
import { type CredentialRecorder, createCredentialRecorder } from '../sync/credential-recorder.ts'
import { createLine } from '../sync/line.ts'
import { createManagedProviders, type ManagedProviders } from '../sync/managed-providers/managed-providers.ts'
import { createRunActivities } from '../sync/run-activity.ts'
import { createRunHistory, type RunHistory } from '../sync/run-history.ts'
import { followRuns, type RunsUnderWay } from '../sync/runs-under-way.ts'
import type { AdminActor } from './directory/administrators/admin-actions.ts'
import { actAsAdmin, type RecordedAction } from './directory/administrators/admin-work.ts'
import { type Administrators, createAdministrators } from './directory/administrators/administrators.ts'
import { createBcryptPool } from './directory/authentication/bcrypt-pool.ts'
import type { SignInServices } from './directory/authentication/sign-in-services.ts'
import { type Accounts, createAccounts } from './directory/credentials/accounts.ts'
import { type Binders, createBinders } from './directory/credentials/binders.ts'
import { createImportUpgrades } from './directory/credentials/imported-passwords.ts'
import { createMacKeys, type MacKeys } from './directory/credentials/mac-keys.ts'
import { createSshKeys, type SshKeys } from './directory/credentials/ssh-keys.ts'
import { createWebSessions, type WebSessions } from './directory/credentials/web-sessions.ts'
import type { Directory } from './directory/directory.ts'
import type { Cause } from './directory/directory-store.ts'
import { type RotatedKey, rotateMasterKey } from './directory/master-key-rotation.ts'
import type { SealedRecords } from './directory/sealed-records.ts'
import type { SyncEngine } from '../sync/sync-engine.ts'
import { type BackupParts, type LastBackup, writeBackup } from './backup.ts'
import type { Clock } from './runtime/clock.ts'
import type { Config } from './runtime/config-schema.ts'
import { describeMasterKey, type MasterKeyDescription, type MasterKeySource } from './runtime/master-key.ts'
import { signInServices } from './sign-in.ts'
import { domainChecks } from './config-checks.ts'
import { createSyncParts, type SyncParts, type SyncSurroundings } from './sync-parts.ts'

/** What the parts of a workspace are made of. */
export interface WorkspaceParts
  extends Pick<SyncSurroundings, 'secret' | 'baseDir' | 'clock' | 'logger' | 'onRun' | 'onPasswordCheck'> {
  /** With the providers that are managed on the admin page. */
  readonly config: Config
  /** As the file has it. */
  readonly fileConfig: Config
  /** Stops what works with the providers while they are replaced, and starts it again. */
  readonly aroundReplacement?: (replace: () => Promise<void>) => Promise<void>
  readonly directory: Directory
  readonly sealed: SealedRecords
  readonly masterKeySource: MasterKeySource
  /** Every row of the store, of one state; absent where the store cannot be backed up. */
  readonly rows?: BackupParts['rows']
  /** Comes last when the workspace is closed. */
  readonly onClosed?: () => Promise<void>
}

/**
 * The store of one configuration, opened, and what works on it: what `serve` and the commands share. What depends on the
 * providers is replaced with them: it is asked for when it is used, and kept nowhere.
 */
export interface Workspace extends Omit<SyncParts, typeof Symbol.asyncDispose>, AsyncDisposable {
  readonly directory: Directory
  readonly runsUnderWay: RunsUnderWay
  readonly runHistory: RunHistory
  readonly clock: Clock
  readonly sealed: SealedRecords
  readonly authorizations: Authorizations
  readonly credentialRecorder: CredentialRecorder
  readonly macKeys: MacKeys
  readonly accounts: Accounts
  readonly administrators: Administrators
  /** Work in the name of an administrator, recorded. */
  readonly actAs: <T>(by: AdminActor, action: RecordedAction, work: () => Promise<T>) => Promise<T>
  readonly managedProviders: ManagedProviders
  /** One at a time. Throws MasterKeyError. */
  readonly rotateKey: (cause: Cause) => Promise<RotatedKey>
  /** As it is found now; undefined while there is none. Throws MasterKeyError. */
  readonly masterKey: () => Promise<MasterKeyDescription | undefined>
  readonly binders: Binders
  readonly sshKeys: SshKeys
  readonly webSessions: WebSessions
  readonly signIn: SignInServices
  /** Into a file. Throws an Error when it is there already, unless `replace`. */
  readonly backup: (file: string, options: { readonly replace: boolean }) => Promise<LastBackup>
}

/** The directory stays open, and belongs to the caller. */
export function assembleWorkspace(parts: WorkspaceParts): Workspace {
  const { directory, sealed, masterKeySource, clock, logger } = parts
  const macKeys = createMacKeys(directory, sealed)
  const authorizations = createAuthorizations({ directory, sealed, clock })
  const credentialRecorder = createCredentialRecorder({ directory, clock, logger })
  const bcrypt = createBcryptPool(1)
  const activities = createRunActivities()
  const surroundings = { ...parts, authorizations, credentialRecorder, macKeys, bcrypt, activities }
  let sync = createSyncParts(parts.config, surroundings)
  let inForce = parts.config
  const config = followed(() => inForce)
  const { aroundReplacement = (replace) => replace() } = parts
  const replaceSync = (edited: Config, before?: (engine: SyncEngine) => Promise<unknown>) =>
    aroundReplacement(async () => {
      const former = sync
      const formerConfig = inForce
      await former.engine.close()
      sync = createSyncParts(edited, surroundings)
      inForce = edited
      await former[Symbol.asyncDispose]()
      try {
        await before?.(sync.engine)
      } catch (error) {
        const refused = sync
        sync = createSyncParts(formerConfig, surroundings)
        inForce = formerConfig
        await refused[Symbol.asyncDispose]()
        throw error
      }
    })
  const rotating = createLine()
  const rotateKey = async (cause: Cause) => {
    const rotated = await rotateMasterKey({ directory, sealed, source: masterKeySource }, cause)
    logger.info({ by: `${cause.kind}:${cause.id}`, ...rotated }, 'master key replaced')
    return rotated
  }
  const importUpgrades = createImportUpgrades({
    directory,
    macKeys,
    bcrypt,
    bcryptCost: () => config.passwords.bcryptCost,
    onProblem: (error) => logger.error({ err: error }, 'a password of a file could not be upgraded'),
  })
  const signInContext = {
    directory,
    sealed,
    macKeys,
    bcrypt,
    clock,
    logger,
    config,
  }
  const accounts = createAccounts(signInContext)
  const sshKeys = createSshKeys(signInContext, (work) => sync.engine.exclusively(work))
  return {
    get config() {
      return inForce
    },
    get providers() {
      return sync.providers
    },
    get engine() {
      return sync.engine
    },
    get mailServer() {
      return sync.mailServer
    },
    get enrollment() {
      return sync.enrollment
    },
    get authorizationLinks() {
      return sync.authorizationLinks
    },
    get passThrough() {
      return sync.passThrough
    },
    directory,
    runsUnderWay: followRuns(activities),
    runHistory: createRunHistory(directory),
    clock,
    sealed,
    authorizations,
    credentialRecorder,
    macKeys,
    accounts,
    administrators: createAdministrators(signInContext),
    actAs: (by, action, work) => actAsAdmin({ directory, clock, logger }, by, action, work),
    managedProviders: createManagedProviders({
      directory,
      sealed,
      clock,
      logger,
      fileConfig: parts.fileConfig,
      secret: parts.secret,
      checks: domainChecks,
      engine: () => sync.engine,
      tryOut: (edited) => void createSyncParts(edited, surroundings),
      use: replaceSync,
      useBeside: (edited) => {
        inForce = edited
      },
    }),
    rotateKey: (cause) => rotating(() => rotateKey(cause)),
    masterKey: () => describeMasterKey(masterKeySource),
    binders: createBinders({ directory, config, clock, logger }),
    sshKeys,
    webSessions: createWebSessions({ directory, clock }),
    // Binds ask here for what the parts above know.
    signIn: signInServices({
      appPasswordKey: () => macKeys.find('app-password'),
      checkAtProvider: (request) => sync.passThrough.checkAtProvider(request),
      redeemCode: (entryUUID, code) => accounts.secondFactors.redeem(entryUUID, code),
      changePassword: (request) => accounts.passwords.change(request),
      async upgradeImported(found) {
        importUpgrades.upgrade(found)
      },
    }),
    async backup(file, how) {
      if (parts.rows === undefined) throw new Error('this store is in memory alone and cannot be backed up')
      return await writeBackup({ directory, rows: parts.rows, clock }, file, how)
    },
    async [Symbol.asyncDispose]() {
      await sync[Symbol.asyncDispose]()
      await importUpgrades[Symbol.asyncDispose]()
      await bcrypt[Symbol.asyncDispose]()
      await parts.onClosed?.()
    },
  }
}

/** The configuration as it is whenever something is asked of it. */
function followed(current: () => Config): Config {
  const members = Object.keys(current()).map((key) => [
    key,
    { enumerable: true, get: () => current()[key as keyof Config] }, // its own
  ])
  return Object.defineProperties({} as Config, Object.fromEntries(members))
}
