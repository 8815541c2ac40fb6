import { type ChangeHooks, createChangeHooks } from '../sync/change-hooks.ts'
import { runCredentialChecks } from '../sync/credential-checks.ts'
import type { HookResult } from '../sync/change-hook.ts'
import type { Logger } from '../sync/logger.ts'
import type { PeopleSignIn } from '../sync/oidc/people-sign-in.ts'
import type { ReadSecret } from '../sync/provider-secret.ts'
import { createDelivery } from '../sync/reporting/delivery.ts'
import { mailSender, notificationSender } from '../sync/reporting/senders.ts'
import { runReportWatch } from '../sync/reporting/report-watch.ts'
import { createSubscriptionKeeper } from '../sync/subscription-keeper.ts'
import { createSyncSchedule } from '../sync/sync-scheduler.ts'
import { peopleSignIn } from './self-service.ts'
import type { Workspace } from './workspace.ts'

/** What goes on by itself while the server runs, for one set of providers. */
export interface SyncServices {
  readonly changeHooks: ChangeHooks
  readonly peopleSignIn: PeopleSignIn
  /** Begins to run what is due. Call once. */
  start(): void
  /** Resolves when the last run has ended. */
  stop(): Promise<void>
}

export function createSyncServices(
  workspace: Workspace,
  parts: {
    readonly logger: Logger
    readonly readSecret: ReadSecret
    readonly onHookCall: (provider: string, result: HookResult) => void
  },
): SyncServices {
  const { config, directory, engine, providers, credentialRecorder, clock } = workspace
  const { logger, readSecret, onHookCall } = parts
  const stopping = new AbortController()
  let ended: Promise<unknown> = Promise.resolve()
  const schedule = createSyncSchedule({ engine, config, providers, clock, logger })
  const subscriptions = createSubscriptionKeeper({
    directory,
    providers,
    publicUrl: config.admin.publicUrl,
    onCreated: (provider) => schedule.hint(provider),
    clock,
    logger,
  })
  const delivery = createDelivery({
    directory,
    clock,
    logger,
    senders: {
      mail: mailSender(workspace.mailServer),
      invitation: workspace.enrollment.sender,
      notification: notificationSender(config, readSecret, clock),
    },
  })
  return {
    changeHooks: createChangeHooks({ providers, subscriptions, schedule, onCall: onHookCall }),
    peopleSignIn: peopleSignIn(workspace, logger),
    start() {
      const { signal } = stopping
      const works = {
        'sync schedule': schedule.run(signal),
        'change subscriptions': subscriptions.run(signal),
        'credential checks': runCredentialChecks(
          { directory, providers, recorder: credentialRecorder, clock, logger },
          signal,
        ),
        delivery: delivery.run(signal),
        'report watch': runReportWatch({ directory, config, clock, logger }, signal),
      }
      // One that fails, for one because the disk is full, ends nothing else.
      const failed = (part: string) => (error: unknown) => logger.error({ part, err: error }, 'part has failed')
      ended = Promise.all(Object.entries(works).map(([part, work]) => work.catch(failed(part))))
    },
    async stop() {
      stopping.abort()
      await ended
    },
  }
}
