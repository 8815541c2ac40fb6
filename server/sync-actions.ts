import type { ProviderPause } from '../sync/provider-pause.ts'
import type { HeldRecord } from '../sync/settlement.ts'
import type { RecordedAction } from './directory/administrators/admin-work.ts'

/** How the record of what administrators did tells of the sync, whether it was done on the page or by a command. */
export const syncActions = {
  approved: (plan: HeldRecord): RecordedAction => ({
    event: 'held changes approved',
    subject: plan.provider,
    before: planOf(plan),
    after: 'applied',
  }),
  discarded: (plan: HeldRecord): RecordedAction => ({
    event: 'held changes discarded',
    subject: plan.provider,
    before: planOf(plan),
    after: 'not asked about again',
  }),
  paused: (provider: string, reason: string): RecordedAction => ({
    event: 'provider paused',
    subject: provider,
    before: null,
    after: { reason },
  }),
  resumed: (provider: string, pause: ProviderPause | undefined): RecordedAction => ({
    event: 'provider resumed',
    subject: provider,
    before: pause ?? null,
    after: null,
  }),
  undone: (runId: string): RecordedAction => ({
    event: 'sync run undone',
    subject: runId,
    before: null,
    after: 'undone, and its provider paused',
  }),
}

function planOf({ hash, since, reasons, changes }: HeldRecord) {
  return { changes: changes.length, since, because: reasons.join('; '), plan: hash.slice(0, 12) }
}
