import type { RecordChange } from '../directory-store.ts'
import type { BindWatch } from './bind-watch.ts'
import { SignInActivity } from './sign-in-activity.ts'
import { Throttle, type ThrottleOptions } from './throttle.ts'

/** Watches binds, and keeps what it saw in the store: it takes in records of the last stop and gives those that changed. */
export interface BindMonitor extends BindWatch {
  /** Takes in a change of the `throttle` or `activity` collection; others are nothing to it. */
  apply(record: RecordChange): void
  /** What the store has to keep since the last call. */
  changes(): readonly RecordChange[]
  /** Takes back what the store did not keep, for the next time. */
  notKept(records: readonly RecordChange[]): void
}

export function createBindMonitor(options: Pick<ThrottleOptions, 'nowMs' | 'isExempt' | 'alarm'>): BindMonitor {
  const activity = new SignInActivity(options.nowMs)
  const throttle = new Throttle({
    ...options,
    isKnown: (account, network) => activity.isKnown(account, network),
    isService: (network) => activity.isService(network),
  })
  return {
    admit: (attempt) => throttle.admit(attempt),
    ended(attempt, outcome) {
      throttle.ended(attempt, outcome)
      if (outcome.outcome === 'signed-in') activity.signedIn(attempt, outcome.credential)
    },
    apply(record) {
      if (record.collection === 'throttle') throttle.apply(record)
      if (record.collection === 'activity') activity.apply(record)
    },
    changes: () => [...throttle.changes(), ...activity.changes()],
    notKept(records) {
      throttle.notKept(records.filter(({ collection }) => collection === 'throttle'))
      activity.notKept(records.filter(({ collection }) => collection === 'activity'))
    },
  }
}
