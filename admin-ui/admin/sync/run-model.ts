import type { RunReport } from '../../../sync/run-report.ts'
import { countOf, countText } from '../../counts.ts'
import { timeOf } from '../../time.ts'
import { durationText, heldAddress, modeText, outcomeState, runAddress, triggerText } from './run-text.ts'

const countNames = ['added', 'updated', 'renamed', 'deactivated', 'reactivated', 'removed', 'skipped'] as const
const typeNames = [
  ['user', 'Users'],
  ['group', 'Groups'],
  ['entry', 'Entries'],
] as const
const phases = ['fetch', 'map', 'plan', 'apply'] as const

/** A run without its change list. */
export function runModel(
  report: RunReport,
  provider: { readonly name: string; readonly type: string | null },
  now: Date,
) {
  const { started, finished, counts, seconds, held, notices, error, paused, undoneBy, read } = report
  return {
    title: `Sync of ${provider.name}`,
    id: report.id,
    address: runAddress(report),
    provider: provider.name,
    state: outcomeState(report),
    started: timeOf(started, now),
    finished: finished === null ? null : timeOf(finished, now),
    took: finished === null ? '' : durationText(Math.max(0, Date.parse(finished) - Date.parse(started)) / 1000),
    trigger: triggerText(report.trigger),
    mode: modeText(report),
    read: [
      [read.users, 'user', 'users'],
      [read.groups, 'group', 'groups'],
      [read.entries, 'entry', 'entries'],
    ]
      .flatMap(([number, one, many]) => (number === 0 ? [] : [countOf(Number(number), String(one), String(many))]))
      .join(', '),
    calls: countText(report.calls),
    throttles: countText(report.throttles),
    repeats: countText(report.repeats),
    bytes: countText(report.bytes),
    phases: phases.map((phase) => ({ name: phaseNames[phase], took: durationText(seconds[phase]) })),
    counts: typeNames
      .filter(([type]) => countNames.some((name) => counts[type][name] > 0))
      .map(([type, name]) => ({ name, numbers: countNames.map((each) => countText(counts[type][each])) })),
    error: error ?? '',
    notices,
    held: held.map(({ provider: holder, changes, reasons, discarded }) => ({
      address: heldAddress(holder),
      holder,
      text: countOf(changes.length, 'change', 'changes'),
      reasons,
      isDiscarded: discarded,
    })),
    paused: paused && { reason: paused.reason, text: countOf(paused.changes, 'change waits', 'changes wait') },
    undoneBy: undoneBy === null ? '' : runAddress({ id: undoneBy }),
    canUndo: canUndo(report, provider.type),
    undoText: countOf(report.changesInAll, 'change', 'changes'),
  }
}

const phaseNames: Readonly<Record<(typeof phases)[number], string>> = {
  fetch: 'Reading the provider',
  map: 'Putting entries together',
  plan: 'Comparing, and the protection',
  apply: 'Writing',
}

function canUndo({ changesInAll, dryRun, undoneBy, outcome, trigger }: RunReport, type: string | null): boolean {
  const isApplied = outcome === 'applied' || outcome === 'held'
  // A file is put right by hand; what an undo put back is changed by the next runs.
  const isOfRun = type !== null && type !== 'ldif' && !trigger.startsWith('undo of ')
  return isApplied && isOfRun && changesInAll > 0 && !dryRun && undoneBy === null
}
