import type { ProviderPause } from '../../sync/provider-pause.ts'
import type { UndoReport } from '../../sync/provider-control.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { syncActions } from '../sync-actions.ts'
import { type Command, ExitCode } from './command.ts'
import { syncCommand } from './sync-command.ts'
import { descending } from '../runtime/order.ts'

export interface PauseInput {
  readonly provider: string
  readonly reason: string
  readonly by: string
}

/** `rosterd pause`: nothing of the provider is applied any more, but who is disabled there. */
export const pauseCommand: Command<PauseInput, string> = {
  name: 'pause',
  execute: async ({ engine, actAs }, { provider, reason, by }) => {
    await actAs({ name: by, address: null }, syncActions.paused(provider, reason), () =>
      engine.control.pause(provider, { kind: 'administrator', reason, by }),
    )
    return provider
  },
  text: (provider) =>
    `${provider} is paused: it is still read, and who is disabled there is refused here; "rosterd resume ${provider}" ends it.\n`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd resume`: ends a pause and applies what has waited. */
export const resumeCommand: Command<{ readonly provider: string; readonly by: string }, RunReport> = {
  name: 'resume',
  async execute({ engine, actAs }, { provider, by }) {
    const action = syncActions.resumed(provider, (await engine.control.paused()).get(provider))
    return await actAs({ name: by, address: null }, action, () => engine.control.resume(provider, by))
  },
  text: (report) => syncCommand.text([report]),
  exitCode: (report) => syncCommand.exitCode([report]),
}

/** `rosterd undo`: takes back what a run did, and pauses its provider. */
export const undoCommand: Command<{ readonly run: string; readonly by: string }, UndoReport> = {
  name: 'undo',
  execute: ({ engine, actAs }, { run, by }) =>
    actAs({ name: by, address: null }, syncActions.undone(run), () => engine.control.undo(run, by)),
  text: ({ run: { provider }, changed, skipped }) =>
    [
      `${changed} entries are as they were before. ${provider} is paused until "rosterd resume ${provider}".`,
      ...skipped.map(({ dn, reason }) => `  not brought back: ${dn}: ${reason}`),
      '',
    ].join('\n'),
  exitCode: () => ExitCode.ok,
}

/** `rosterd runs --follow`: tells what goes on in runs as progress, until who asked has gone. */
export const runsFollowCommand: Command<{ readonly provider?: string | undefined }, null> = {
  name: 'runs-follow',
  async execute({ engine }, { provider }, progress, signal) {
    const stop = engine.onActivity((activity) => {
      if (provider === undefined || provider === activity.provider) progress(activity)
    })
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    stop()
    return null
  },
  text: () => '',
  exitCode: () => ExitCode.ok,
}

export interface ListedRuns {
  readonly runs: readonly RunReport[]
  readonly paused: Readonly<Record<string, ProviderPause>>
}

/** `rosterd runs`: the last runs of every provider, the newest first, and which providers are paused. */
export const runsCommand: Command<{ readonly provider?: string | undefined; readonly limit: number }, ListedRuns> = {
  name: 'runs',
  execute: async ({ engine, providers }, { provider, limit }) => {
    const ids = provider === undefined ? providers.map(({ id }) => id) : [provider]
    const runs: RunReport[] = []
    for (const id of ids) runs.push(...(await engine.runs(id, limit)))
    const paused = await engine.control.paused()
    return {
      runs: runs.sort(descending(({ started }) => started)).slice(0, limit),
      paused: Object.fromEntries([...paused].filter(([id]) => ids.includes(id))),
    }
  },
  text: ({ runs, paused }) => {
    const lines = Object.entries(paused).map(([id, { reason, since }]) => `${id} is paused since ${since}: ${reason}`)
    lines.push(...runs.map(runLine))
    return lines.length === 0 ? 'Nothing has run yet.\n' : `${lines.join('\n')}\n`
  },
  exitCode: () => ExitCode.ok,
}

function runLine({ id, trigger, mode, outcome, changesInAll, calls, error }: RunReport): string {
  const what = mode === 'none' ? '' : ` (${mode}, ${calls} calls)`
  return `${id}  ${outcome}${what}, ${changesInAll} changes, ${trigger}${error === null ? '' : `: ${error}`}`
}
