import type { CommitResult, Generation, RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import { filledMark, isSet } from '../server/directory/filled-mark.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { ProviderMirror } from './candidates.ts'
import type { Clock } from '../server/runtime/clock.ts'
import type { CurrentDirectory } from './desired-input.ts'
import { type Explanation, explainIdentity } from './explain.ts'
import type { Snapshot } from './identity.ts'
import type { IdentityProvider, Traffic } from './identity-provider.ts'
import { trusted } from './ledgers.ts'
import type { Logger } from './logger.ts'
import { mirrorChanges, readMirror } from './mirror.ts'
import { finishedReport, type RunOptions, type RunReport, startedReport } from './run-report.ts'
import { emptyRuleGroups, type HeldRecord, readHeld, type Settlement, settle } from './settlement.ts'
import { entryChanges, holdsOf, recordChanges } from './settlement-records.ts'

/** The directory as sync sees it: entries from memory, records from the store, one way to change both. */
export interface SyncDirectory extends CurrentDirectory {
  readonly store: RecordReader
  commit(generation: Generation): Promise<CommitResult>
}

export interface SyncEngineOptions {
  readonly directory: SyncDirectory
  readonly config: Config
  /** In the order of the configuration. */
  readonly providers: readonly IdentityProvider[]
  readonly clock: Clock
  readonly logger: Logger
  /** Hears of every run that ended. */
  readonly onRun?: (report: RunReport) => void
  /** Record changes that report a run; they join the commit of its record. */
  readonly reporting?: (report: RunReport) => Promise<readonly RecordChange[]>
}

/** The plan that was approved is not the plan any more; the new one waits to be looked at. */
export class StalePlanError extends Error {
  override readonly name = 'StalePlanError'
}

export interface HeldPlans {
  /** What waits for approval, discarded ones included. */
  show(): Promise<readonly HeldRecord[]>
  /** Applies exactly the held changes with this hash (or its first 8 or more digits). Throws {@link StalePlanError}. */
  approve(hash: string, by: string): Promise<RunReport>
  /** Keeps the changes held without asking again until they change. */
  discard(hash: string, by: string): Promise<void>
}

export interface SyncEngine {
  /** One run; never throws for what a provider, a rule or the store does: the report says it. */
  run(providerId: string, options: RunOptions): Promise<RunReport>
  readonly plan: HeldPlans
  /** Everything known about a person or group, by user name, cn, address, entryUUID or immutable id. */
  explain(text: string): Promise<readonly Explanation[]>
  /** Last runs of a provider, newest first. */
  runs(providerId: string, limit?: number): Promise<readonly RunReport[]>
  /** Work that needs the ledgers for itself: no run goes on meanwhile. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
  /** Marks runs that a stop of the process cut off. Call once, before the first run. */
  markInterruptedRuns(): Promise<number>
}

/** One run at a time: further ones wait in line. */
export function createSyncEngine(options: SyncEngineOptions): SyncEngine {
  const { directory, config, clock, logger } = options
  const { store } = directory
  const providers = new Map(options.providers.map((provider) => [provider.id, provider]))
  const tenants = new Map(options.providers.map((provider) => [provider.id, provider.tenant]))
  let line: Promise<unknown> = Promise.resolve()

  function inLine<T>(work: () => Promise<T>): Promise<T> {
    const result = line.then(work)
    line = result.catch(() => {})
    return result
  }

  async function runNow(provider: IdentityProvider, runOptions: RunOptions): Promise<RunReport> {
    const traffic: Traffic = { calls: 0, throttles: 0, repeats: 0, notices: [] }
    const signal = runOptions.signal ?? new AbortController().signal
    const report = startedReport(provider.id, runOptions, await freeStartTime(provider.id))
    try {
      await write(report, [])
      const snapshot = await provider.fetchAll({ signal, traffic, onProgress: runOptions.onProgress ?? (() => {}) })
      signal.throwIfAborted()
      const fresh = freshMirror(provider, snapshot)
      const emptied = await newlyEmptied(provider.id, fresh)
      if (!report.dryRun) await commitMirror(report, provider.id, snapshot)
      const settlement = await settleNow({ fresh: [fresh], emptied, approved: undefined })
      return await apply({ ...report, ...traffic, read: countRead(snapshot) }, settlement, false)
    } catch (error) {
      return await recordFailure({ ...report, ...traffic }, error, signal.aborted)
    }
  }

  function freshMirror(provider: IdentityProvider, snapshot: Snapshot): ProviderMirror {
    const settings = config.providers.find(({ id }) => id === provider.id)
    if (settings === undefined) throw new Error(`provider "${provider.id}" is not in the configuration`)
    return { config: settings, tenant: provider.tenant, snapshot }
  }

  /** Groups that a rule reads, had members in the last mirror, and have none now. */
  async function newlyEmptied(id: string, fresh: ProviderMirror): Promise<ReadonlyMap<string, readonly string[]>> {
    if (fresh.snapshot?.kind !== 'identities') return new Map()
    const before = await readMirror(store, id, 'identities')
    if (before?.kind !== 'identities') return new Map()
    const had = new Set(before.groups.map((group) => group.id))
    const wasEmpty = new Set(emptyIn(fresh, before))
    const empty = emptyRuleGroups(fresh).filter((group) => had.has(group) && !wasEmpty.has(group))
    return new Map([[id, empty]])
  }

  function settleNow(about: Pick<Parameters<typeof settle>[0], 'fresh' | 'emptied' | 'approved'>): Promise<Settlement> {
    return settle({ config, store, current: directory, tenants, now: clock.now(), ...about })
  }

  /** The mirror and its cursor in one commit: what a provider holds is never half new. */
  async function commitMirror(report: RunReport, id: string, snapshot: Snapshot): Promise<void> {
    const records: RecordChange[] = [...(await mirrorChanges(store, id, snapshot))]
    records.push({ collection: 'cursor', key: [id], value: { lastFullRun: report.started, token: null } })
    await directory.commit({ cause: { kind: 'run', id: report.id }, entries: [], records })
  }

  async function apply(report: RunReport, settlement: Settlement, approved: boolean): Promise<RunReport> {
    const now = clock.now()
    const holds = await holdsOf(store, settlement, now)
    const decisions = [...settlement.desired.decisions]
    const skipped = (kind: string) =>
      decisions.filter(([key, d]) => key.startsWith(`${report.provider}\0${kind}\0`) && d.status !== 'active').length
    const finished = finishedReport(
      report,
      settlement.changes,
      holds.map(({ provider, hash, reasons, changes, discarded }) => ({ provider, hash, reasons, changes, discarded })),
      { user: skipped('user'), group: skipped('group') },
      now.toISOString(),
    )
    if (!report.dryRun)
      await directory.commit({
        cause: { kind: 'run', id: report.id },
        entries: entryChanges(settlement.changes),
        records: [
          ...(await recordChanges(store, settlement, holds, approved, now)),
          ...(await firstFilled()),
          ...(await outdatedRuns(report.provider, now)),
          ...(await reportChanges(finished)),
          runRecord(finished),
        ],
      })
    logRun(finished)
    return finished
  }

  /** The mark that the directory may be answered from, once every provider has been read. */
  async function firstFilled(): Promise<readonly RecordChange[]> {
    if (isSet(await store.get(filledMark.collection, filledMark.key))) return []
    const cursors = await Promise.all(config.providers.map(({ id }) => store.get('cursor', [id])))
    return cursors.every((cursor) => cursor !== undefined) ? [filledMark] : []
  }

  async function recordFailure(report: RunReport, error: unknown, cancelled: boolean): Promise<RunReport> {
    const failed: RunReport = {
      ...report,
      finished: clock.now().toISOString(),
      outcome: cancelled ? 'cancelled' : 'failed',
      error: cancelled ? 'cancelled' : sentence(error),
    }
    logRun(failed)
    try {
      await write(failed, await reportChanges(failed))
    } catch (cause) {
      // The store itself fails: the report is all that is left to say so.
      logger.error({ provider: report.provider, error: sentence(cause) }, 'sync run could not be recorded')
    }
    return failed
  }

  /** A run counts whether or not it can be reported. */
  async function reportChanges(report: RunReport): Promise<readonly RecordChange[]> {
    try {
      return (await options.reporting?.(report)) ?? []
    } catch (error) {
      logger.error({ provider: report.provider, error: sentence(error) }, 'sync run could not be reported')
      return []
    }
  }

  async function write(report: RunReport, records: readonly RecordChange[]): Promise<void> {
    if (report.dryRun) return
    await directory.commit({
      cause: { kind: 'run', id: report.id },
      entries: [],
      records: [...records, runRecord(report)],
    })
  }

  /** Runs of one provider are keyed by start time: two within a millisecond are kept apart. */
  async function freeStartTime(provider: string): Promise<string> {
    for (let time = clock.now().getTime(); ; time++) {
      const started = new Date(time).toISOString()
      if ((await store.get('run', [provider, started])) === undefined) return started
    }
  }

  /** Runs older than `retention.runDays`, forgotten with the next one. */
  async function outdatedRuns(provider: string, now: Date): Promise<readonly RecordChange[]> {
    const oldest = new Date(now.getTime() - config.retention.runDays * 86_400_000).toISOString()
    const changes: RecordChange[] = []
    for await (const { key } of store.list('run', [provider])) {
      if ((key[1] ?? '') >= oldest) break
      changes.push({ collection: 'run', key, value: undefined })
    }
    return changes
  }

  function logRun(report: RunReport): void {
    options.onRun?.(report)
    const { id, provider, trigger, outcome, counts, calls, throttles, repeats, notices, error } = report
    const fields = { runId: id, provider, trigger, outcome, counts, calls, throttles, repeats, notices, error }
    if (outcome === 'failed') logger.error(fields, 'sync run')
    else if (outcome === 'held' || notices.length > 0) logger.warn(fields, 'sync run')
    else logger.info(fields, 'sync run')
  }

  async function heldByHash(hash: string): Promise<HeldRecord> {
    const records = await showHeld()
    const found = records.filter((record) => hash === 'latest' || (hash.length >= 8 && record.hash.startsWith(hash)))
    const [newest] = found.sort((a, b) => (a.since < b.since ? 1 : -1))
    if (newest === undefined) throw new StalePlanError(`no held changes have the hash "${hash}"; show the plan again`)
    return newest
  }

  async function showHeld(): Promise<readonly HeldRecord[]> {
    return [...(await readHeld(store)).values()]
  }

  async function approveNow(hash: string, by: string): Promise<RunReport> {
    const record = await heldByHash(hash)
    const settlement = await settleNow({ fresh: [], emptied: new Map(), approved: record.hash })
    const other = settlement.held.find((held) => held.provider === record.provider)
    const started = await freeStartTime(record.provider)
    const report = startedReport(record.provider, { trigger: `approve by ${by}` }, started)
    if (other === undefined) return await apply(report, settlement, true)
    await apply({ ...report, trigger: 'plan changed' }, settlement, false)
    throw new StalePlanError(
      `the held changes of ${record.provider} are others now (${other.hash.slice(0, 12)}); show the plan again and approve that`,
    )
  }

  async function discardNow(hash: string, by: string): Promise<void> {
    const record = await heldByHash(hash)
    await directory.commit({
      cause: { kind: 'admin', id: by },
      entries: [],
      records: [{ collection: 'held', key: [record.provider], value: { ...record, discarded: true } }],
    })
  }

  return {
    run: (providerId, runOptions) =>
      inLine(async () => {
        const provider = providers.get(providerId)
        if (provider === undefined)
          throw new Error(`there is no provider "${providerId}"; configured are: ${[...providers.keys()].join(', ')}`)
        return await runNow(provider, runOptions)
      }),
    plan: {
      show: showHeld,
      approve: (hash, by) => inLine(() => approveNow(hash, by)),
      discard: (hash, by) => inLine(() => discardNow(hash, by)),
    },
    explain: (text) => explainIdentity(text, { store, current: directory, config, tenants }),
    async runs(providerId, limit = 20) {
      const reports: RunReport[] = []
      for await (const { value } of store.list('run', [providerId])) reports.push(trusted<RunReport>(value))
      return reports.slice(-limit).toReversed()
    },
    exclusively: inLine,
    markInterruptedRuns: () =>
      inLine(async () => {
        const records: RecordChange[] = []
        for await (const { value } of store.list('run')) {
          const report = trusted<RunReport>(value)
          if (report.outcome === 'running')
            records.push(runRecord({ ...report, outcome: 'interrupted', error: 'the process stopped during the run' }))
        }
        if (records.length > 0)
          await directory.commit({ cause: { kind: 'server', id: 'restart' }, entries: [], records })
        return records.length
      }),
  }
}

function emptyIn(fresh: ProviderMirror, before: Snapshot): readonly string[] {
  const was = before.kind === 'identities' ? before.groups : []
  const now = fresh.snapshot?.kind === 'identities' ? fresh.snapshot.groups : []
  const missing = now.filter((group) => !was.some((old) => old.id === group.id))
  // Rules must find their groups, also in the older mirror: groups that are new count as empty before.
  const groups = [...was, ...missing.map((group) => ({ ...group, userIds: [], groupIds: [] }))]
  const names = new Map(now.map((group) => [group.id, group.name]))
  const renamed = groups.filter((g) => names.has(g.id)).map((g) => ({ ...g, name: names.get(g.id) ?? g.name }))
  return emptyRuleGroups({ ...fresh, snapshot: { kind: 'identities', users: [], domains: [], groups: renamed } })
}

function runRecord(report: RunReport): RecordChange {
  return { collection: 'run', key: [report.provider, report.started], value: report }
}

function countRead(snapshot: Snapshot): RunReport['read'] {
  return snapshot.kind === 'entries'
    ? { users: 0, groups: 0, entries: snapshot.entries.length }
    : { users: snapshot.users.length, groups: snapshot.groups.length, entries: 0 }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
