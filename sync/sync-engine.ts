import { ChangeRefused } from '../server/directory/credentials/change-refused.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import { decisionKey } from './candidates.ts'
import { type Explanation, explainIdentity } from './explain.ts'
import { createHeldPlans, type HeldPlans } from './held-plans.ts'
import type { SourceGroup, SourceUser } from './identity.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { type IdentityKind, trusted } from './ledgers.ts'
import { createLine } from './line.ts'
import { type Preview, type Previewed, previewOf } from './preview.ts'
import { RuleError } from './rules.ts'
import type { Settlement } from './settlement.ts'
import { createProviderControl, type ProviderControl } from './provider-control.ts'
import { type ActivityListener, createRunActivities, type RunActivities } from './run-activity.ts'
import type { RunOptions, RunReport } from './run-report.ts'
import { sourceLabel } from './source-label.ts'
import { runRecord } from './run-journal.ts'
import { createSyncRunner, type SyncRunOptions } from './sync-run.ts'

export interface SyncEngineOptions extends Omit<SyncRunOptions, 'tenants' | 'activities'> {
  /** Where an engine that takes the place of another one goes on telling of its runs. Default: its own. */
  readonly activities?: RunActivities
  /** In the order of the configuration. */
  readonly providers: readonly IdentityProvider[]
}

export interface SyncEngine {
  /** One run; never throws for what a provider, a rule or the store does: the report says it. */
  run(providerId: string, options: RunOptions): Promise<RunReport>
  /**
   * Reads one person anew, wherever the person is known: by anything {@link explain} takes, or by the name that a
   * provider signs the person in with. One report for each provider that has the person, or for `providerId` alone.
   */
  runPerson(name: string, options: RunOptions, providerId?: string): Promise<readonly RunReport[]>
  /** Computes the directory anew from what is known, without asking the provider. Throws what makes that fail. */
  settle(providerId: string, trigger: string): Promise<RunReport>
  readonly plan: Pick<HeldPlans, 'show' | 'find' | 'approve' | 'discard'>
  readonly control: ProviderControl
  /**
   * What other settings would change, and for whom; `person` is anything {@link explain} takes, `accepted` a provider that
   * counts as if its first plan were accepted. Throws RuleError.
   */
  preview(edited: Config, person?: string, accepted?: string): Promise<Preview>
  /** Takes away what came from a provider that is no more; nobody is asked again. */
  withdraw(providerId: string, by: string): Promise<RunReport>
  /** Everything known about a person or group, by user name, cn, address, entryUUID or immutable id. */
  explain(text: string): Promise<readonly Explanation[]>
  /** Tells of runs as they go on, until the function given back is called. What a listener throws is dropped. */
  onActivity(listener: ActivityListener): () => void
  /** Last runs of a provider, newest first. */
  runs(providerId: string, limit?: number): Promise<readonly RunReport[]>
  /** Work that needs the ledgers for itself: no run goes on meanwhile, and the next one settles. */
  exclusively<T>(work: () => Promise<T>): Promise<T>
  /** Marks runs that a stop of the process cut off. Call once, before the first run. */
  markInterruptedRuns(): Promise<number>
  /** Cancels the run that is under way and refuses everything that comes later. Resolves when nothing goes on any more. */
  close(): Promise<void>
}

/** One run at a time: further ones wait in line. */
export function createSyncEngine(options: SyncEngineOptions): SyncEngine {
  const { directory, config, clock, activities = createRunActivities() } = options
  const { store } = directory
  const providers = new Map(options.providers.map((provider) => [provider.id, provider]))
  const tenants = new Map(options.providers.map((provider) => [provider.id, provider.tenant]))
  const runner = createSyncRunner({ ...options, tenants, activities })
  const plans = createHeldPlans({ runner, directory })
  const control = createProviderControl({ runner, directory, config, clock })
  const closing = new AbortController()
  const inOrder = createLine()

  function inLine<T>(work: () => Promise<T>): Promise<T> {
    return inOrder(() => {
      if (closing.signal.aborted)
        throw new ChangeRefused('The providers are being replaced by others just now. Try again in a moment.')
      return work()
    })
  }

  /** Also cancelled when the engine is closed. */
  function untilClosed(runOptions: RunOptions): RunOptions {
    const { signal } = runOptions
    return { ...runOptions, signal: AbortSignal.any([closing.signal, ...(signal ? [signal] : [])]) }
  }

  function providerOf(id: string): IdentityProvider {
    const provider = providers.get(id)
    if (provider === undefined)
      throw new Error(`there is no provider "${id}"; configured are: ${[...providers.keys()].join(', ')}`)
    return provider
  }

  async function runPersonNow(
    name: string,
    runOptions: RunOptions,
    only: string | undefined,
  ): Promise<readonly RunReport[]> {
    const people = (await explain(name)).filter(({ kind }) => kind === 'user')
    const known = people.map(({ provider, id }) => ({ provider: providerOf(provider), name: id }))
    const readers = [...providers.values()].filter((provider) => provider.fetchUser !== undefined)
    const wanted = known.length > 0 ? known : readers.map((provider) => ({ provider, name }))
    const reports: RunReport[] = []
    for (const each of wanted.filter(({ provider }) => only === undefined || provider.id === only)) {
      const report = await runner.runPerson(each.provider, each.name, runOptions)
      if (report !== undefined) reports.push(report)
    }
    return reports
  }

  async function previewNow(edited: Config, person?: string, accepted?: string): Promise<Preview> {
    const read = new Set<string>()
    for await (const { key } of store.list('cursor')) read.add(key[0] ?? '')
    const settlement = await runner.preview(edited, accepted)
    return {
      ...(await previewOf(settlement, config, edited, (id) => read.has(id), sourceName)),
      person: person === undefined ? undefined : await previewed(person, settlement),
    }
  }

  async function sourceName(provider: string, kind: IdentityKind, id: string): Promise<string> {
    const source = await store.get('mirror', [provider, kind, id])
    return sourceLabel(kind, source === undefined ? undefined : trusted<SourceUser | SourceGroup>(source), id).name
  }

  async function previewed(person: string, { desired }: Settlement): Promise<Previewed> {
    const known = await explain(person)
    const found = known.find(({ entry, identity }) => (entry ?? identity) !== undefined) ?? known[0]
    if (found === undefined) throw new RuleError(`nobody and nothing called "${person}" is known to any provider`)
    const { provider, kind, id } = found
    const decision = kind === 'entry' ? undefined : desired.decisions.get(decisionKey(provider, kind, id))
    const entryUUID =
      found.entry?.entryUUID ?? found.identity?.entryUUID ?? decision?.entryUUID ?? found.decision?.entryUUID ?? ''
    return { before: directory.entryByUuid(entryUUID), after: desired.entries.get(entryUUID), decision }
  }

  const explain = (text: string) => explainIdentity(text, { store, current: directory, config, tenants })

  return {
    run: (providerId, runOptions) => inLine(() => runner.run(providerOf(providerId), untilClosed(runOptions))),
    runPerson: (name, runOptions, only) => inLine(() => runPersonNow(name, untilClosed(runOptions), only)),
    settle: (providerId, trigger) =>
      inLine(async () => {
        const { report, settlement } = await runner.settle(providerOf(providerId).id, trigger)
        return await runner.apply(report, settlement, false)
      }),
    plan: {
      show: () => plans.show(),
      find: (hash) => plans.find(hash),
      approve: (hash, by) => inLine(() => plans.approve(hash, by)),
      discard: (hash, by) => inLine(() => plans.discard(hash, by)),
    },
    control: {
      paused: () => control.paused(),
      pause: (id, pause) => inLine(() => control.pause(providerOf(id).id, pause)),
      resume: (id, by) => inLine(() => control.resume(providerOf(id).id, by)),
      undo: (runId, by) => inLine(() => control.undo(runId, by)),
    },
    withdraw: (providerId, by) => inLine(() => plans.withdraw(providerId, by)),
    preview: (edited, person, accepted) => inLine(() => previewNow(edited, person, accepted)),
    explain,
    onActivity: (listener) => activities.listen(listener),
    async runs(providerId, limit = 20) {
      const reports: RunReport[] = []
      for await (const { value } of store.list('run', [providerId])) reports.push(trusted<RunReport>(value))
      return reports.slice(-limit).toReversed()
    },
    exclusively: (work) =>
      inLine(async () => {
        runner.unsettle()
        return await work()
      }),
    markInterruptedRuns: () =>
      inLine(async () => {
        const records = []
        for await (const { value } of store.list('run')) {
          const report = trusted<RunReport>(value)
          if (report.outcome === 'running')
            records.push(runRecord({ ...report, outcome: 'interrupted', error: 'the process stopped during the run' }))
        }
        if (records.length > 0)
          await directory.commit({ cause: { kind: 'server', id: 'restart' }, entries: [], records })
        return records.length
      }),
    async close() {
      closing.abort()
      await inOrder(() => Promise.resolve())
    },
  }
}
