import { type AuthorizationLinks, createAuthorizationLinks } from '../sync/authorization-links.ts'
import type { Authorizations } from '../sync/authorizations.ts'
import { createProviders } from '../sync/create-providers.ts'
import type { CredentialRecorder } from '../sync/credential-recorder.ts'
import { createEnrollment, type Enrollment } from '../sync/enrollment/enrollment.ts'
import type { IdentityProvider } from '../sync/identity-provider.ts'
import type { Logger } from '../sync/logger.ts'
import { createPassThrough, type PassThrough, type PassThroughParts } from '../sync/pass-through/pass-through.ts'
import type { ReadSecret } from '../sync/provider-secret.ts'
import type { MailServer } from '../sync/reporting/mail-server.ts'
import { runReportChanges } from '../sync/reporting/run-reporting.ts'
import { mailServerOf } from '../sync/reporting/senders.ts'
import type { RunActivities } from '../sync/run-activity.ts'
import type { RunReport } from '../sync/run-report.ts'
import { createSyncEngine, type SyncEngine } from '../sync/sync-engine.ts'
import type { BcryptPool } from './directory/authentication/bcrypt-pool.ts'
import type { MacKeys } from './directory/credentials/mac-keys.ts'
import type { Directory } from './directory/directory.ts'
import type { Clock } from './runtime/clock.ts'
import type { Config } from './runtime/config-schema.ts'

/** What is made of one set of providers, and made anew for another. */
export interface SyncParts extends AsyncDisposable {
  readonly config: Config
  readonly providers: readonly IdentityProvider[]
  readonly engine: SyncEngine
  /** undefined without `smtp`. */
  readonly mailServer: MailServer | undefined
  readonly enrollment: Enrollment
  readonly authorizationLinks: AuthorizationLinks
  readonly passThrough: PassThrough
}

/** What stays when the providers change. */
export interface SyncSurroundings {
  readonly directory: Directory
  readonly authorizations: Authorizations
  readonly credentialRecorder: CredentialRecorder
  readonly macKeys: MacKeys
  readonly bcrypt: BcryptPool
  readonly activities: RunActivities
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

/** Nothing is read or connected yet. Throws for settings that no provider can be made of. */
export function createSyncParts(config: Config, around: SyncSurroundings): SyncParts {
  const { directory, authorizations, macKeys, bcrypt, activities, secret, clock, logger } = around
  const { store } = directory
  const providers = createProviders(config, {
    clock,
    secret,
    directory: around.baseDir,
    authorizations,
    recorder: around.credentialRecorder,
  })
  const engine = createSyncEngine({
    directory,
    config,
    providers,
    clock,
    logger,
    activities,
    importedPasswordKey: () => macKeys.find('imported-password'),
    reporting: (report, waiting) => runReportChanges(report, waiting, config, { store, clock, logger }),
    ...(around.onRun ? { onRun: around.onRun } : {}),
  })
  const mailServer = mailServerOf(config, secret)
  const enrollment = createEnrollment({ directory, engine, config, clock, logger, mailServer })
  const passThrough = createPassThrough({
    directory,
    config,
    providers,
    bcrypt,
    clock,
    logger,
    ...(around.onPasswordCheck ? { onAnswer: around.onPasswordCheck } : {}),
  })
  return {
    config,
    providers,
    engine,
    mailServer,
    enrollment,
    authorizationLinks: createAuthorizationLinks({ directory, authorizations, providers, config, clock }),
    passThrough,
    async [Symbol.asyncDispose]() {
      await engine.close()
      await enrollment.idle()
      await passThrough[Symbol.asyncDispose]()
    },
  }
}
