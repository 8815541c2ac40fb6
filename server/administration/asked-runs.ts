import type { BackgroundWork } from '../background-work.ts'
import type { AdminActor } from '../directory/administrators/admin-actions.ts'
import type { Workspace } from '../workspace.ts'

interface AskedRun {
  readonly provider: string
  readonly full: boolean
  readonly trigger: string
  hasBegun: boolean
}

export interface AskedRunsParts {
  readonly workspace: Pick<Workspace, 'engine' | 'actAs'>
  readonly background: BackgroundWork
}

export interface AskedRuns {
  /** Begins a run, which goes on by itself. False: the same one waits already for another to end. */
  start(provider: string, full: boolean, by: AdminActor): Promise<boolean>
  /** Whether a run of the provider was asked for and has not begun. */
  isWaiting(provider: string): boolean
}

/** Runs that administrators ask for: "Sync now" and "Full sync". However often they click, one waits. */
export function createAskedRuns({ workspace, background }: AskedRunsParts): AskedRuns {
  const asked = new Set<AskedRun>()

  function waiting(provider: string): readonly AskedRun[] {
    return [...asked].filter((run) => run.provider === provider && !run.hasBegun)
  }

  async function run(asking: AskedRun, stopping: AbortSignal): Promise<void> {
    const { provider, full, trigger } = asking
    const onProgress = () => {
      asking.hasBegun = true
    }
    await workspace.engine.run(provider, { trigger, full, signal: stopping, onProgress })
  }

  return {
    async start(provider, full, by) {
      if (waiting(provider).some((one) => one.full === full)) return false
      const asking: AskedRun = { provider, full, trigger: `manual by ${by.name}`, hasBegun: false }
      asked.add(asking)
      const event = full ? 'full sync started' : 'sync started'
      const action = { event, subject: provider, before: null, after: null }
      const begun = Promise.withResolvers<void>()
      background
        .start(event, (stopping) =>
          workspace.actAs(by, action, () => {
            begun.resolve()
            return run(asking, stopping)
          }),
        )
        // Its outcome is in its report; what fails before there is one is in the record and in the log.
        .catch(begun.reject)
        .finally(() => asked.delete(asking))
      await begun.promise
      return true
    },
    isWaiting: (provider) => waiting(provider).length > 0,
  }
}
