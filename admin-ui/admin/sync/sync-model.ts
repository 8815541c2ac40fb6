import type { RunSummary } from '../../../sync/run-history.ts'
import { noCounts } from '../../../sync/run-report.ts'
import { countOf, countText } from '../../counts.ts'
import { type State, stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import { providerTypeName } from '../provider-type-name.ts'
import { heldAddress, outcomeState, progressText, resultText, runAddress, triggerText } from './run-text.ts'
import type { ProviderSync, ReportSettings, SyncedType } from './services.ts'

const typeNames: Readonly<Record<SyncedType['type'], string>> = { user: 'Users', group: 'Groups', entry: 'Entries' }

export interface SyncFacts {
  readonly providers: readonly ProviderSync[]
  /** The newest first. */
  readonly runs: readonly RunSummary[]
  readonly waitingInvitations: number
  readonly reports: ReportSettings
}

export function syncModel({ providers, runs, waitingInvitations, reports }: SyncFacts, now: Date) {
  const names = new Map(providers.map(({ id, name }) => [id, name]))
  const hasTrouble = providers.some(
    (provider) =>
      provider.pause !== null || provider.isStale || provider.lastRun?.outcome === 'failed' || asks(provider),
  )
  return {
    title: 'Sync',
    hasTrouble,
    providers: providers.map((provider) => providerCard(provider, now)),
    runs: runs.map((run) => runRow(run, names, now)),
    invitations: waitingInvitations === 0 ? '' : countOf(waitingInvitations, 'newcomer waits', 'newcomers wait'),
    reports: reportLines(reports),
  }
}

function providerCard(provider: ProviderSync, now: Date) {
  const { id, name, type, pause, held, schedule, lastRun, lastSuccess, underWay } = provider
  const failure = lastRun?.outcome === 'failed' ? lastRun.error : null
  const waiting = lastRun?.paused?.changes ?? 0
  return {
    id,
    name,
    type: providerTypeName(type),
    address: `/admin/sync/providers/${encodeURIComponent(id)}`,
    state: stateOfSync(provider),
    progress: underWay === null ? '' : progressText(underWay),
    types: provider.types.map((one) => typeRow(one, lastRun)),
    lastRun: lastRun && {
      address: runAddress(lastRun),
      at: timeOf(lastRun.finished ?? lastRun.started, now),
      text: resultText(lastRun),
      trigger: triggerText(lastRun.trigger),
    },
    failure: failure ?? '',
    hasNotes: pause !== null || held !== null || failure !== null,
    lastSuccess: lastSuccess === null ? null : timeOf(lastSuccess, now),
    isStale: provider.isStale,
    pause: pause && { by: pause.by, reason: pause.reason, since: timeOf(pause.since, now) },
    pausedChanges: pause === null || waiting === 0 ? '' : countOf(waiting, 'change waits', 'changes wait'),
    held: held && {
      address: heldAddress(id),
      text: countOf(held.count, 'change is', 'changes are'),
      reasons: held.reasons,
      since: timeOf(held.since, now),
      isDiscarded: held.discarded,
    },
    schedule:
      schedule === null
        ? 'Read when the file has changed'
        : `What has changed every ${countOf(schedule.incrementalMinutes, 'minute', 'minutes')}, everything every ${countOf(schedule.fullHours, 'hour', 'hours')}`,
  }
}

function stateOfSync(provider: ProviderSync): State {
  const { underWay, isWaiting, pause, isStale, lastRun, lastSuccess } = provider
  if (underWay !== null) return stateOf('busy', 'Running')
  if (isWaiting) return stateOf('busy', 'Waits for its turn')
  if (pause !== null) return stateOf('warn', `Paused by ${pause.by}`)
  if (lastRun === null) return stateOf('off', 'Never read')
  if (isStale) return stateOf('bad', 'Stale')
  if (lastRun.outcome === 'failed') return stateOf('bad', 'Last run failed')
  if (asks(provider)) return stateOf('warn', 'Changes held')
  return lastSuccess === null ? stateOf('warn', 'Not read as a whole yet') : stateOf('good', 'Up to date')
}

function asks({ held }: ProviderSync): boolean {
  return held !== null && !held.discarded
}

function typeRow({ type, isOn, read, served, counts }: SyncedType, lastRun: RunSummary | null) {
  const { added, updated, renamed, deactivated, reactivated, removed, skipped } = counts ?? noCounts
  return {
    name: typeNames[type],
    state: isOn ? (lastRun === null ? stateOf('off', 'Not synced yet') : outcomeState(lastRun)) : stateOf('off', 'Off'),
    read: read === null ? '–' : countText(read),
    served: countText(served),
    notServed: countText(skipped),
    added: countText(added + reactivated),
    updated: countText(updated + renamed),
    removed: countText(removed + deactivated),
  }
}

/** A run as a list has it. */
export function runRow(run: RunSummary, names: ReadonlyMap<string, string>, now: Date) {
  return {
    address: runAddress(run),
    provider: names.get(run.provider) ?? run.provider,
    started: timeOf(run.started, now),
    trigger: triggerText(run.trigger),
    state: outcomeState(run),
    // The outcome says it already.
    result: run.outcome === 'unchanged' && run.paused === null ? '' : resultText(run),
    isUndone: run.undoneBy !== null,
    notices: run.notices.length === 0 ? '' : countOf(run.notices.length, 'notice', 'notices'),
  }
}

const reportRunsTexts: Readonly<Record<string, string>> = {
  digest: 'together once a day, when anything changed',
  each: 'each one that changed something, at once',
}

function reportLines({ hasMailServer, all, providers, notify }: ReportSettings) {
  return {
    hasMailServer,
    lines: [
      ...(all.length === 0 ? [] : [{ to: all.join(', '), what: 'the reports of every provider' }]),
      ...providers
        .filter(({ reportTo }) => reportTo.length > 0)
        .map(({ name, reportTo }) => ({ to: reportTo.join(', '), what: `the reports of ${name}` })),
      ...notify.map(({ origin, events }) => ({
        to: origin,
        what: events === null ? 'every event, as signed JSON' : `as signed JSON: ${events.join(', ')}`,
      })),
    ],
    runs: providers.map(({ name, reportRuns }) => ({ name, what: reportRunsTexts[reportRuns] ?? reportRuns })),
  }
}
