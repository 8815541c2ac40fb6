import type { Administration } from '../../admin-ui/admin/administration.ts'
import type { ClientHappenings } from '../../admin-ui/admin/binders/services.ts'
import type { OverviewServices } from '../../admin-ui/admin/overview-services.ts'
import { providerOverviews } from '../../sync/provider-overview.ts'
import { adminActions } from '../directory/administrators/admin-actions.ts'
import type { OperationLog } from '../directory/operation-log/operation-log.ts'
import { readLastBackup } from '../backup.ts'
import type { BackgroundWork } from '../background-work.ts'
import { readFigurePoints } from '../figure-keeper.ts'
import { readiness } from '../readiness.ts'
import type { Logger } from '../../sync/logger.ts'
import type { ReadSecret } from '../../sync/provider-secret.ts'
import { adminsSignIn } from '../admin-providers.ts'
import type { Workspace } from '../workspace.ts'
import { binderServices } from './binders.ts'
import { clientServices } from './clients.ts'
import { countedReadiness } from './counted-readiness.ts'
import type { CountedDirectory } from './directory-figures.ts'
import { providerServices } from './providers.ts'
import { peopleServices } from './people.ts'
import { settingsServices } from './settings.ts'
import { syncServices } from './sync.ts'
import { throttleServices } from './throttle.ts'

export interface AdministrationParts {
  readonly workspace: Workspace
  /** Absolute path of the configuration file. */
  readonly configFile: string
  readonly cookieKey: string
  readonly background: BackgroundWork
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Reads secrets of the configuration. */
  readonly secret: ReadSecret
  /** PEM of the private CA; undefined when the operator's own certificate is in use. */
  readonly caPem: () => string | undefined
  readonly clientHappenings: ClientHappenings
  /** Of the thread that answers LDAP. */
  readonly ldap: Pick<OverviewServices, 'bindRates' | 'certificate'>
  readonly counted: () => Promise<CountedDirectory>
  readonly operationLog: Pick<OperationLog, 'read'>
  /** What became of the configuration file when it was read last. */
  readonly configurationFile: OverviewServices['configurationFile']
}

/** What the administrators' pages ask of the workspace. */
export function administration(parts: AdministrationParts): Administration {
  const { workspace, cookieKey, background, logger, caPem, clientHappenings, ldap, counted, operationLog } = parts
  const { config, directory, administrators, webSessions, clock } = workspace
  const { store } = directory
  const sync = syncServices({ workspace, background, counted })
  return {
    organization: config.organization,
    publicUrl: config.admin.publicUrl,
    administrators,
    adminsSignIn: adminsSignIn(workspace, { secret: parts.secret, logger }),
    sessions: webSessions,
    cookieKey,
    clock,
    binders: binderServices(workspace),
    clients: clientServices(workspace, caPem),
    clientHappenings,
    people: peopleServices({ workspace, background, logger }),
    logs: {
      get keptDays() {
        return workspace.config.retention.bindLogDays
      },
      operations: (before) => operationLog.read(before),
    },
    configurationFile: parts.configurationFile,
    providers: () => providerOverviews({ ...workspace, store }),
    notReady: () => readiness(workspace).reasons,
    writeProblem: () => store.writeProblem,
    figures: async () => (await counted()).figures,
    readiness: countedReadiness(workspace),
    figuresOverTime: () => readFigurePoints(store),
    bindRates: () => ldap.bindRates(),
    certificate: () => ldap.certificate(),
    lastBackup: () => readLastBackup(store),
    actions: (limit) => adminActions(store, limit),
    sync,
    settings: settingsServices(parts),
    throttle: throttleServices(parts),
    providerAdministration: providerServices({ workspace, background, logger, sync }),
  }
}
