import type { RecordChange } from '../server/directory/directory-store.ts'
import { filledMark, isSet } from '../server/directory/filled-mark.ts'
import type { CloudProviderConfig, Config, ProviderConfig } from '../server/runtime/config-schema.ts'
import { emptiedRecord, readEmptied } from './emptied-groups.ts'
import { newcomerRecords } from './enrollment/newcomers.ts'
import { noLongerRestored, readRestored } from './enrollment/restored-store.ts'
import {
  type FetchContext,
  type Fetched,
  type FetchedChanges,
  type FetchProgress,
  type IdentityProvider,
  newTraffic,
  type SourceChanges,
} from './identity-provider.ts'
import type { Snapshot } from './identity.ts'
import {
  type CursorRecord,
  detachedCursors,
  forgottenMirrors,
  mirrorChanges,
  mirrorReader,
  mirrorUpdates,
  readCursor,
  readMirror,
  withChanges,
} from './mirror.ts'
import { newlyEmptied } from './newly-emptied.ts'
import { clashNotices } from './number-clashes.ts'
import { outdatedPasswords } from './pass-through/outdated-passwords.ts'
import { readPause } from './provider-pause.ts'
import { memberRules } from './rules.ts'
import { createRunJournal, type RunJournalOptions } from './run-journal.ts'
import { whyFull } from './run-mode.ts'
import { finishedReport, type RunOptions, type RunReport } from './run-report.ts'
import { createSettledState } from './settled-state.ts'
import { mirrorWithPins, type Settlement, settle } from './settlement.ts'
import { entryChanges, holdsOf, recordChanges } from './settlement-records.ts'
import type { SyncDirectory } from './sync-directory.ts'

export interface SyncRunOptions extends Omit<RunJournalOptions, 'runDays'> {
  readonly directory: SyncDirectory
  readonly config: Config
  /** Tenant by provider id. */
  readonly tenants: ReadonlyMap<string, string>
  /** Tells passwords of files that were upgraded since; undefined or failing: none was, and the file's values are written. */
  readonly importedPasswordKey?: () => Promise<Uint8Array | undefined>
}

export interface SyncRunner {
  /** Reads what is due of the provider, and settles. Never throws: the report says what went wrong. */
  run(provider: IdentityProvider, options: RunOptions): Promise<RunReport>
  /** Reads one person, by immutable id or sign-in name, and settles; undefined when the provider has nobody of that name. */
  runPerson(provider: IdentityProvider, name: string, options: RunOptions): Promise<RunReport | undefined>
  /** Settles what the mirrors hold, reading nothing. Throws what the rules throw. */
  settle(
    provider: string,
    trigger: string,
    options?: {
      /** Hash of held changes. */
      readonly approved?: string
      /** Whatever rules cannot be evaluated. */
      readonly isTolerant?: boolean
    },
  ): Promise<{ report: RunReport; settlement: Settlement }>
  /** The beginning of a report of something that is no run of its own; its id is free. */
  newReport(provider: string, trigger: string): Promise<RunReport>
  /** What other settings would make of the mirrors; writes nothing. Throws what the rules throw. */
  preview(edited: Config, accepted?: string): Promise<Settlement>
  /** Applies a settlement and keeps its report. */
  apply(report: RunReport, settlement: Settlement, approved: boolean): Promise<RunReport>
  /** Entries or pauses were changed by others: the next run settles even when it reads nothing new. */
  unsettle(): void
}

/** What was read: a whole snapshot, or changes to the one before. */
type Read =
  | { readonly type: 'all'; readonly because: string; readonly fetched: Fetched }
  | { readonly type: 'changes'; readonly fetched: FetchedChanges }

/** One run at a time is the caller's to see to. */
export function createSyncRunner(options: SyncRunOptions): SyncRunner {
  const { directory, config, tenants, clock, logger, activities } = options
  const { store } = directory
  const journal = createRunJournal({ ...options, runDays: config.retention.runDays })
  const ids = config.providers.map(({ id }) => id)
  const settled = createSettledState(directory, ids, clock)

  async function run(provider: IdentityProvider, runOptions: RunOptions): Promise<RunReport> {
    return await reported(provider, runOptions, async (report, context) => {
      const started = performance.now()
      const before = await readCursor(store, provider)
      const read = await fetchDue(provider, before, runOptions.full ?? false, context)
      context.signal.throwIfAborted()
      const cursor = cursorOf(provider.tenant, report.started, before, read)
      const fetched = {
        ...report,
        ...context.traffic,
        mode: read.type === 'all' ? ('full' as const) : ('incremental' as const),
        fullBecause: read.type === 'all' ? read.because : null,
        ...(read.type === 'all' ? { read: countRead(read.fetched.snapshot) } : {}),
        seconds: { ...report.seconds, fetch: secondsSince(started) },
      }
      const records =
        read.type === 'all'
          ? await mirrorChanges(store, provider.id, read.fetched.snapshot)
          : await mirrorUpdates(store, provider.id, read.fetched.changes)
      if (before !== undefined && records.length === 0 && (await settled.isSettled()))
        return await nothingNew(fetched, cursor)
      return await takeOver(provider, fetched, read, records, cursor)
    })
  }

  async function runPerson(provider: IdentityProvider, name: string, runOptions: RunOptions) {
    if ((await readCursor(store, provider)) === undefined)
      throw new Error(`${provider.id} has not been read yet; run "rosterd sync --provider ${provider.id}" first`)
    let isKnown = true
    const report = await reported(provider, runOptions, async (started, context) => {
      const since = performance.now()
      const changes = await provider.fetchUser?.(name, mirrorReader(store, provider.id), context)
      context.signal.throwIfAborted()
      isKnown = changes !== undefined
      const fetched: RunReport = {
        ...started,
        ...context.traffic,
        mode: 'person',
        seconds: { ...started.seconds, fetch: secondsSince(since) },
      }
      if (changes === undefined) {
        const finished: RunReport = { ...fetched, finished: clock.now().toISOString(), outcome: 'unchanged' }
        await journal.keep(finished, [])
        activities.ended(finished)
        return finished
      }
      const read: Read = { type: 'changes', fetched: { changes, cursor: null } }
      return await takeOver(provider, fetched, read, await mirrorUpdates(store, provider.id, changes), undefined)
    })
    return isKnown ? report : undefined
  }

  /** A run from its first record to its last: what is thrown becomes a failed report. */
  async function reported(
    provider: IdentityProvider,
    runOptions: RunOptions,
    work: (report: RunReport, context: FetchContext) => Promise<RunReport>,
  ): Promise<RunReport> {
    const traffic = newTraffic()
    const signal = runOptions.signal ?? new AbortController().signal
    const report = await journal.begun(provider.id, runOptions)
    const forget = activities.listen((activity) => {
      if (activity.type !== 'step' || activity.run !== report.id) return
      runOptions.onProgress?.({ step: activity.step, count: activity.count })
    })
    try {
      await journal.keep(report, [])
      activities.started(report)
      const onProgress = (progress: FetchProgress) => activities.step(report, progress)
      return await work(report, { signal, traffic, onProgress, trace: journal.traceOf(report) })
    } catch (error) {
      return await journal.failed({ ...report, ...traffic }, error, signal.aborted)
    } finally {
      forget()
    }
  }

  async function fetchDue(
    provider: IdentityProvider,
    cursor: CursorRecord | undefined,
    full: boolean,
    context: FetchContext,
  ): Promise<Read> {
    const because = whyFull(full, cursor, settingsOf(provider.id), clock.now())
    const token = cursor?.token ?? null
    if (because !== undefined || provider.fetchChanges === undefined || token === null)
      return { type: 'all', because: because ?? 'changes cannot be told', fetched: await provider.fetchAll(context) }
    const fetched = await provider.fetchChanges(token, mirrorReader(store, provider.id), context)
    if (fetched !== undefined) return { type: 'changes', fetched }
    context.signal.throwIfAborted()
    return {
      type: 'all',
      because: 'changes since the last run could not be told',
      fetched: await provider.fetchAll(context),
    }
  }

  /** Takes over what was read: the mirror, then what follows from it. */
  async function takeOver(
    provider: IdentityProvider,
    report: RunReport,
    read: Read,
    records: readonly RecordChange[],
    cursor: CursorRecord | undefined,
  ): Promise<RunReport> {
    const before = await mirrorBefore(provider, read.type === 'changes')
    const snapshot = read.type === 'all' ? read.fetched.snapshot : changedMirror(before, read.fetched.changes)
    const fresh = await mirrorWithPins(store, settingsOf(provider.id), provider.tenant, snapshot)
    const emptied = new Map([[provider.id, newlyEmptied(fresh, before)]])
    const emptiedNow = [...(await readEmptied(store, provider.id)), ...(emptied.get(provider.id) ?? [])]
    const cursorRecord = cursor === undefined ? [] : [cursorChange(provider.id, cursor)]
    if (!report.dryRun)
      await directory.commit({
        cause: { kind: 'run', id: report.id },
        entries: [],
        records: [
          ...records,
          ...(await outdatedPasswords(store, provider.tenant, records)),
          ...cursorRecord,
          emptiedRecord(provider.id, emptiedNow),
        ],
      })
    const settlement = await settleNow({ fresh: [fresh], emptied, approved: undefined })
    return await apply({ ...report, read: countRead(snapshot) }, settlement, false)
  }

  /** The mirror as it was: as a whole where changes are made to it, else only what the guard compares, if anything. */
  async function mirrorBefore(provider: IdentityProvider, whole: boolean): Promise<Snapshot | undefined> {
    const { id } = provider
    const settings = settingsOf(id)
    if (settings.type === 'ldif') return undefined
    if (whole) return await readMirror(store, provider, 'identities')
    if (!namesMemberGroups(settings) || (await readCursor(store, provider)) === undefined) return undefined
    const groups = []
    for await (const group of mirrorReader(store, id).groups()) groups.push(group)
    return { kind: 'identities', users: [], groups, domains: [] }
  }

  async function nothingNew(report: RunReport, cursor: CursorRecord): Promise<RunReport> {
    const finished: RunReport = {
      ...report,
      finished: clock.now().toISOString(),
      outcome: 'unchanged',
      logAfter: store.lastChange,
    }
    await journal.keep(finished, [cursorChange(report.provider, cursor), ...(await journal.reporting(finished))])
    journal.ended(finished)
    return finished
  }

  function settingsOf(id: string): ProviderConfig {
    const settings = config.providers.find((provider) => provider.id === id)
    if (settings === undefined) throw new Error(`provider "${id}" is not in the configuration`)
    return settings
  }

  function settleNow(
    about: Pick<Parameters<typeof settle>[0], 'fresh' | 'emptied' | 'approved' | 'isTolerant'>,
  ): Promise<Settlement> {
    settled.begin()
    return settle({ config, store, current: directory, tenants, now: clock.now(), ...about })
  }

  async function apply(report: RunReport, settlement: Settlement, approved: boolean): Promise<RunReport> {
    const started = performance.now()
    const now = clock.now()
    const holds = await holdsOf(store, settlement, now)
    const decisions = [...settlement.desired.decisions]
    const skipped = (kind: string) =>
      decisions.filter(([key, d]) => key.startsWith(`${report.provider}\0${kind}\0`) && d.status !== 'active').length
    const pause = await readPause(store, report.provider)
    const waiting = settlement.pausedChanges.filter(({ provider }) => provider === report.provider).length
    // What reads nothing begins here.
    if (report.mode === 'none') activities.started(report)
    activities.step(report, { step: 'map', count: settlement.desired.entries.size })
    activities.step(report, { step: 'plan', count: settlement.changes.length })
    const finished = finishedReport(
      {
        ...report,
        logAfter: store.lastChange,
        notices: [
          ...report.notices,
          ...settlement.notices,
          ...clashNotices(settlement.desired.numberClashes, report.provider),
        ],
        paused: pause === undefined ? null : { reason: pause.reason, changes: waiting },
        seconds: { ...report.seconds, ...settlement.durations },
      },
      settlement.changes,
      holds.map(({ provider, hash, reasons, changes, discarded }) => ({ provider, hash, reasons, changes, discarded })),
      { user: skipped('user'), group: skipped('group') },
      now.toISOString(),
    )
    if (finished.dryRun) {
      journal.ended(finished)
      return finished
    }
    const importedKey = await options.importedPasswordKey?.().catch(() => undefined)
    const restored = await readRestored(store)
    const newcomers = await newcomerRecords(unheldNewcomers(settlement, restored), { store, clock, logger })
    const records = [
      ...(await recordChanges(store, settlement, holds, approved ? report.provider : undefined, now, importedKey)),
      ...(await firstFilled()),
      ...(await detachedCursors(store, (id) => tenants.has(id))),
      ...(await forgottenMirrors(store, now)),
      ...newcomers.records,
      ...(restored.has(report.provider) ? [noLongerRestored(report.provider)] : []),
      ...(await journal.reporting(finished, newcomers.waiting)),
    ]
    const entries = entryChanges(settlement.changes)
    await journal.keep(finished, records, entries)
    settled.applied(records, now)
    activities.step(report, { step: 'apply', count: entries.length })
    const timed = { ...finished, seconds: { ...finished.seconds, apply: secondsSince(started) } }
    journal.ended(timed)
    return timed
  }

  /** The mark that the directory may be answered from, once every provider has been read. */
  async function firstFilled(): Promise<readonly RecordChange[]> {
    if (isSet(await store.get(filledMark.collection, filledMark.key))) return []
    const cursors = await Promise.all(ids.map((id) => store.get('cursor', [id])))
    return cursors.every((cursor) => cursor !== undefined) ? [filledMark] : []
  }

  return {
    run,
    runPerson,
    async settle(provider, trigger, { approved, isTolerant = false } = {}) {
      const settlement = await settleNow({ fresh: [], emptied: new Map(), approved, isTolerant })
      return { report: await journal.begun(provider, { trigger }), settlement }
    },
    newReport: (provider, trigger) => journal.begun(provider, { trigger }),
    preview: (edited, accepted) =>
      settle({
        accepted,
        config: edited,
        store,
        current: directory,
        tenants,
        now: clock.now(),
        fresh: [],
        emptied: new Map(),
        approved: undefined,
      }),
    apply,
    unsettle: () => settled.forget(),
  }
}

function cursorOf(tenant: string, started: string, before: CursorRecord | undefined, read: Read): CursorRecord {
  const lastFullRun = read.type === 'all' ? started : (before?.lastFullRun ?? started)
  return { lastFullRun, lastRun: started, tenant, isDetached: false, token: read.fetched.cursor }
}

function cursorChange(provider: string, cursor: CursorRecord): RecordChange {
  return { collection: 'cursor', key: [provider], value: cursor }
}

function changedMirror(before: Snapshot | undefined, changes: SourceChanges): Snapshot {
  if (before === undefined) throw new Error('changes were read, and nothing to make them to')
  return withChanges(before, changes)
}

/** While a group that a rule reads waits to be filled again, nobody new is invited either. */
function unheldNewcomers(
  { desired, emptied }: Settlement,
  restored: ReadonlySet<string>,
): Settlement['desired']['enrollments'] {
  const { newcomers, newProviders } = desired.enrollments
  return {
    newcomers: newcomers.filter(({ provider }) => (emptied.get(provider)?.length ?? 0) === 0),
    newProviders: newProviders.union(restored),
  }
}

function namesMemberGroups({ filters }: CloudProviderConfig): boolean {
  return memberRules.some((setting) => filters[setting].length > 0)
}

function countRead(snapshot: Snapshot): RunReport['read'] {
  return snapshot.kind === 'entries'
    ? { users: 0, groups: 0, entries: snapshot.entries.length }
    : { users: snapshot.users.length, groups: snapshot.groups.length, entries: 0 }
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000
}
