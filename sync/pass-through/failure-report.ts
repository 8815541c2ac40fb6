import type { Directory } from '../../server/directory/directory.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import type { Logger } from '../logger.ts'
import { messagesOfEvent } from '../reporting/event-messages.ts'
import { outboxChanges } from '../reporting/outbox.ts'
import type { ReportEvent } from '../reporting/report-event.ts'

/**
 * Tells operators that passwords of a provider cannot be checked because of its set-up, and that they can again: once each,
 * also across a restart. What was told is kept in the `provider` collection at [provider id, 'passwords'].
 */
export interface FailureReport {
  failing(provider: string, problem: string): Promise<void>
  recovered(provider: string): Promise<void>
}

export interface FailureReportParts {
  readonly directory: Pick<Directory, 'store' | 'commitFrom'>
  readonly config: Pick<Config, 'providers' | 'smtp' | 'notify' | 'organization' | 'admin'>
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

export function createFailureReport({ directory, config, clock, logger }: FailureReportParts): FailureReport {
  const { store } = directory
  /** Providers of which nothing is told that is to be taken back. */
  const well = new Set<string>()

  async function tell(event: ReportEvent & { readonly provider: string }, isToldNow: boolean): Promise<void> {
    const key = [event.provider, 'passwords']
    await directory.commitFrom(async () => {
      const isTold = (await store.get('provider', key)) !== undefined
      if (isTold === isToldNow) return undefined
      const told = { since: clock.now().toISOString() }
      const messages = messagesOfEvent(event, config, clock.now())
      return {
        cause: { kind: 'server', id: 'report' },
        entries: [],
        records: [
          { collection: 'provider', key, value: isToldNow ? told : undefined },
          ...(await outboxChanges(messages, { store, clock, logger })),
        ],
      }
    })
  }

  return {
    async failing(provider, problem) {
      well.delete(provider)
      await tell({ type: 'passwords.failing', provider, problem }, true)
    },
    async recovered(provider) {
      if (well.has(provider)) return
      await tell({ type: 'passwords.recovered', provider }, false)
      well.add(provider)
    },
  }
}
