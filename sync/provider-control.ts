import type { Change, RecordReader } from '../server/directory/directory-store.ts'
import { ChangeRefused } from '../server/directory/credentials/change-refused.ts'
import type { Clock } from '../server/runtime/clock.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { Decision } from './candidates.ts'
import { trusted } from './ledgers.ts'
import { pauseRecord, type ProviderPause, readPause } from './provider-pause.ts'
import type { RunReport } from './run-report.ts'
import { runRecord } from './run-journal.ts'
import type { LoggedStore, SyncDirectory } from './sync-directory.ts'
import type { SyncRunner } from './sync-run.ts'
import { undoChanges } from './undo.ts'

export interface UndoReport {
  /** The record of the undo itself; its id is the cause of its changes. */
  readonly run: RunReport
  /** Entries put back or taken away again. */
  readonly changed: number
  readonly skipped: readonly { readonly dn: string; readonly reason: string }[]
}

/** What an administrator may do to a provider between its runs. Throws ChangeRefused for what cannot be done. */
export interface ProviderControl {
  /** Providers that are paused, with the reason. */
  paused(): Promise<ReadonlyMap<string, ProviderPause>>
  /** From now on nothing of the provider is applied but who is disabled there. */
  pause(provider: string, pause: Omit<ProviderPause, 'since'>): Promise<void>
  /** Ends the pause and applies what has waited; the guard looks at it as at any plan. */
  resume(provider: string, by: string): Promise<RunReport>
  /**
   * Takes back what a run did to the entries of its provider, and pauses the provider so that the next run does not do it
   * again. Refused for what a later run has changed again.
   */
  undo(runId: string, by: string): Promise<UndoReport>
}

export interface ProviderControlParts {
  readonly runner: SyncRunner
  readonly directory: SyncDirectory
  readonly config: Config
  readonly clock: Clock
}

export function createProviderControl({ runner, directory, config, clock }: ProviderControlParts): ProviderControl {
  const { store } = directory

  async function commitPause(provider: string, pause: ProviderPause | undefined, by: string): Promise<void> {
    await directory.commit({ cause: { kind: 'admin', id: by }, entries: [], records: [pauseRecord(provider, pause)] })
    runner.unsettle()
  }

  async function undo(runId: string, by: string): Promise<UndoReport> {
    const run = await findRun(store, runId)
    const { provider } = run
    if (config.providers.find(({ id }) => id === provider)?.type === 'ldif')
      throw new ChangeRefused(`${provider} is a file: change the file back instead`)
    if (run.undoneBy !== null) throw new ChangeRefused(`${run.id} is undone already, by ${run.undoneBy}`)
    const { own, later } = await changesToUndo(store, run)
    if (own.length === 0) throw new ChangeRefused(`${run.id} changed nothing: there is nothing to undo`)
    const refused = await refusedByProvider(store, run)
    const { entries, skipped } = undoChanges({
      changes: own,
      later,
      provider,
      current: directory,
      isRefused: (entryUUID) => refused.has(entryUUID),
    })
    const now = clock.now().toISOString()
    const report: RunReport = {
      ...(await runner.newReport(provider, `undo of ${run.started} by ${by}`)),
      finished: now,
      outcome: 'applied',
      logAfter: store.lastChange,
      changesInAll: entries.length,
    }
    const pause: ProviderPause = {
      kind: 'undo',
      reason: `the run of ${run.started} was undone by ${by}`,
      by,
      since: now,
    }
    await directory.commit({
      cause: { kind: 'admin', id: by },
      entries,
      records: [pauseRecord(provider, pause), runRecord(report), runRecord({ ...run, undoneBy: report.id })],
    })
    runner.unsettle()
    return { run: report, changed: entries.length, skipped }
  }

  return {
    async paused() {
      const found = new Map<string, ProviderPause>()
      for (const { id } of config.providers) {
        const pause = await readPause(store, id)
        if (pause !== undefined) found.set(id, pause)
      }
      return found
    },
    async pause(provider, pause) {
      const before = await readPause(store, provider)
      if (before !== undefined) throw new ChangeRefused(`${provider} is paused already: ${before.reason}`)
      await commitPause(provider, { ...pause, since: clock.now().toISOString() }, pause.by)
    },
    async resume(provider, by) {
      if ((await readPause(store, provider)) === undefined) throw new ChangeRefused(`${provider} is not paused`)
      await commitPause(provider, undefined, by)
      const { report, settlement } = await runner.settle(provider, `resume by ${by}`)
      return await runner.apply(report, settlement, false)
    },
    undo,
  }
}

async function findRun(store: RecordReader, runId: string): Promise<RunReport> {
  const slash = runId.indexOf('/')
  const value = slash < 0 ? undefined : await store.get('run', [runId.slice(0, slash), runId.slice(slash + 1)])
  if (value === undefined) throw new ChangeRefused(`there is no run "${runId}"; "rosterd runs" lists them`)
  return trusted<RunReport>(value)
}

/** The changes of a run, and those since. Throws when a later run has changed some of the same entries. */
async function changesToUndo(
  store: LoggedStore,
  run: RunReport,
): Promise<{ readonly own: readonly Change[]; readonly later: readonly Change[] }> {
  const own: Change[] = []
  const later: Change[] = []
  const changed = new Set<string>()
  let isFirst = true
  for await (const change of store.changes(run.logAfter)) {
    const { cause, entryUUID } = change
    if (isFirst && change.number !== run.logAfter + 1) throw tooOld(run)
    isFirst = false
    if (cause.kind === 'run' && cause.id === run.id) {
      own.push(change)
      changed.add(entryUUID)
      continue
    }
    if (cause.kind === 'run' && changed.has(entryUUID))
      throw new ChangeRefused(`${change.dn} was changed again by the run ${cause.id}; undo that one first`)
    later.push(change)
  }
  if (isFirst && store.lastChange > run.logAfter) throw tooOld(run)
  return { own, later }
}

function tooOld({ id }: RunReport): ChangeRefused {
  return new ChangeRefused(`${id} is too old to be undone: its changes are not kept any more (retention.changeLogDays)`)
}

/** entryUUIDs of people whose provider says that they must not be served, or said so in the run and no longer has them. */
async function refusedByProvider(store: RecordReader, run: RunReport): Promise<ReadonlySet<string>> {
  const refused = new Set(run.refused)
  for await (const { value } of store.list('decision', [run.provider])) {
    const { evidence, status, entryUUID } = trusted<Decision>(value)
    if (entryUUID === null) continue
    if (status === 'active') refused.delete(entryUUID)
    else if (evidence) refused.add(entryUUID)
  }
  return refused
}
