import { type AuthorizationLinks, createAuthorizationLinks } from '../sync/authorization-links.ts'
import { type Authorizations, createAuthorizations } from '../sync/authorizations.ts'
import { createProviders } from '../sync/create-providers.ts'
import { type CredentialRecorder, createCredentialRecorder } from '../sync/credential-recorder.ts'
import { createEnrollment, type Enrollment } from '../sync/enrollment/enrollment.ts'
import type { IdentityProvider } from '../sync/identity-provider.ts'
import { createLine } from '../sync/line.ts'
import type { Logger } from '../sync/logger.ts'
import { createPassThrough, type PassThrough, type PassThroughParts } from '../sync/pass-through/pass-through.ts'
import type { ReadSecret } from '../sync/provider-secret.ts'
import type { MailServer } from '../sync/reporting/mail-server.ts'
import { runReportChanges } from '../sync/reporting/run-reporting.ts'
import { mailServerOf } from '../sync/reporting/senders.ts'
import { createRunActivities } from '../sync/run-activity.ts'
import type { RunReport } from '../sync/run-report.ts'
import { followRuns, type RunsUnderWay } from '../sync/runs-under-way.ts'
import { createSyncEngine, type SyncEngine } from '../sync/sync-engine.ts'
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
import type { Clock } from './runtime/clock.ts'
import type { Config } from './runtime/config-schema.ts'
import type { MasterKeySource } from './runtime/master-key.ts'
import { signInServices } from './sign-in.ts'

/** What the parts of a workspace are made of. */
export interface WorkspaceParts {
  readonly config: Config
  readonly directory: Directory
  readonly sealed: SealedRecords
  readonly masterKeySource: MasterKeySource
  readonly secret: ReadSecret
  /** Folder that paths of the configuration are relative to. */
  readonly baseDir: string
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
  readonly runsUnderWay: RunsUnderWay
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
  readonly administrators: Administrators
  /** One at a time. Throws MasterKeyError. */
  readonly rotateKey: (cause: Cause) => Promise<RotatedKey>
  readonly binders: Binders
  readonly sshKeys: SshKeys
  readonly webSessions: WebSessions
  readonly signIn: SignInServices
}

/** The directory stays open, and belongs to the caller. */
export function assembleWorkspace(parts: WorkspaceParts): Workspace {
  const { config, directory, sealed, masterKeySource, secret, baseDir, clock, logger } = parts
  const { store } = directory
  const macKeys = createMacKeys(directory, sealed)
  const authorizations = createAuthorizations({ directory, sealed, clock })
  const credentialRecorder = createCredentialRecorder({ directory, clock, logger })
  const providers = createProviders(config, {
    clock,
    secret,
    directory: baseDir,
    authorizations,
    recorder: credentialRecorder,
  })
  const authorizationLinks = createAuthorizationLinks({ directory, authorizations, providers, config, clock })
  const activities = createRunActivities()
  const engine = createSyncEngine({
    activities,
    directory,
    config,
    providers,
    clock,
    logger,
    importedPasswordKey: () => macKeys.find('imported-password'),
    reporting: (report, waiting) => runReportChanges(report, waiting, config, { store, clock, logger }),
    ...(parts.onRun ? { onRun: parts.onRun } : {}),
  })
  const mailServer = mailServerOf(config, secret)
  const enrollment = createEnrollment({ directory, engine, config, clock, logger, mailServer })
  const bcrypt = createBcryptPool(1)
  const passThrough = createPassThrough({
    directory,
    config,
    providers,
    bcrypt,
    clock,
    logger,
    ...(parts.onPasswordCheck ? { onAnswer: parts.onPasswordCheck } : {}),
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
    runsUnderWay: followRuns(activities),
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
    administrators: createAdministrators(signInContext),
    rotateKey: (cause) => rotating(() => rotateKey(cause)),
    binders: createBinders({ directory, config, clock, logger }),
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
    },
  }
}
