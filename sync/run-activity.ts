import type { RunOutcome, RunProgress, RunReport } from './run-report.ts'

/** What goes on in runs, for who watches them. */
export type RunActivity = {
  /** Id of the run. */
  readonly run: string
  readonly provider: string
} & (
  | { readonly type: 'started'; readonly trigger: string; readonly dryRun: boolean }
  | ({ readonly type: 'step' } & RunProgress)
  | {
      readonly type: 'ended'
      readonly outcome: RunOutcome
      readonly changesInAll: number
      readonly error: string | null
    }
)

export type ActivityListener = (activity: RunActivity) => void

export interface RunActivities {
  started(report: RunReport): void
  step(report: Pick<RunReport, 'id' | 'provider'>, progress: RunProgress): void
  ended(report: RunReport): void
  /** The listener hears of everything from now on, until the function given back is called. What it throws is dropped. */
  listen(listener: ActivityListener): () => void
}

export function createRunActivities(): RunActivities {
  const listeners = new Set<ActivityListener>()

  function tell(activity: RunActivity): void {
    for (const listener of listeners) {
      try {
        listener(activity)
      } catch {
        // Who watches a run does not stop it.
      }
    }
  }

  return {
    started: ({ id, provider, trigger, dryRun }) => tell({ type: 'started', run: id, provider, trigger, dryRun }),
    step: ({ id, provider }, progress) => tell({ type: 'step', run: id, provider, ...progress }),
    ended: ({ id, provider, outcome, changesInAll, error }) =>
      tell({ type: 'ended', run: id, provider, outcome, changesInAll, error }),
    listen(listener) {
      const own: ActivityListener = (activity) => listener(activity)
      listeners.add(own)
      return () => listeners.delete(own)
    },
  }
}
