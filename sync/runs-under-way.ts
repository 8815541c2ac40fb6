import type { RunActivities, RunActivity } from './run-activity.ts'

/** A run that goes on now, and how far it is. */
export interface RunUnderWay {
  /** Id of the run. */
  readonly run: string
  readonly provider: string
  readonly trigger: string
  readonly dryRun: boolean
  /** The step it is in, as RunProgress has it; null before the first. */
  readonly step: string | null
  /** Objects of that step so far. */
  readonly count: number
}

export interface RunsUnderWay {
  /** In the order in which they began. */
  list(): readonly RunUnderWay[]
  /** How many runs have begun or ended so far: what runs leave behind is another when this is. */
  readonly turns: number
  /** Calls back whenever something of this has changed, until the function given back is called. */
  listen(onChange: () => void): () => void
}

/** Follows what is told of runs, from now on. */
export function followRuns(activities: Pick<RunActivities, 'listen'>): RunsUnderWay {
  const runs = new Map<string, RunUnderWay>()
  const listeners = new Set<() => void>()
  let turns = 0

  activities.listen((activity) => {
    note(activity)
    for (const listener of listeners) listener()
  })

  function note(activity: RunActivity): void {
    const { run, provider } = activity
    switch (activity.type) {
      case 'started':
        turns++
        runs.set(run, { run, provider, trigger: activity.trigger, dryRun: activity.dryRun, step: null, count: 0 })
        return
      case 'step': {
        const known = runs.get(run)
        if (known !== undefined) runs.set(run, { ...known, step: activity.step, count: activity.count })
        return
      }
      case 'ended':
        turns++
        runs.delete(run)
        return
      default:
        activity satisfies never
    }
  }

  return {
    list: () => [...runs.values()],
    get turns() {
      return turns
    },
    listen(onChange) {
      const own = () => onChange()
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}
