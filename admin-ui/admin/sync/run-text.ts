import type { RunSummary } from '../../../sync/run-history.ts'
import type { RunReport } from '../../../sync/run-report.ts'
import type { RunUnderWay } from '../../../sync/runs-under-way.ts'
import { countOf, countText } from '../../counts.ts'
import { type State, stateOf } from '../../state.ts'
import type { outcomes, triggers } from './inputs.ts'

export const outcomeNames: Readonly<Record<(typeof outcomes)[number], string>> = {
  running: 'Running',
  applied: 'Applied',
  unchanged: 'Nothing changed',
  held: 'Changes held',
  failed: 'Failed',
  cancelled: 'Cancelled',
  interrupted: 'Interrupted',
}

const outcomeKinds: Readonly<Record<(typeof outcomes)[number], State['kind']>> = {
  running: 'busy',
  applied: 'good',
  unchanged: 'good',
  held: 'warn',
  failed: 'bad',
  cancelled: 'off',
  interrupted: 'warn',
}

export function outcomeState({ outcome }: Pick<RunReport, 'outcome'>): State {
  return stateOf(outcomeKinds[outcome], outcomeNames[outcome])
}

export const triggerNames: Readonly<Record<(typeof triggers)[number], string>> = {
  schedule: 'Schedule',
  notification: 'Notification of the provider',
  asked: 'Sync now, Full sync',
  approval: 'Approval',
  resume: 'Resume',
  undo: 'Undo',
  enrollment: 'Enrollment',
  other: 'Other',
}

export function triggerKind(trigger: string): (typeof triggers)[number] {
  if (trigger === 'schedule' || trigger === 'notification' || trigger === 'enrollment') return trigger
  const [first] = trigger.split(' ')
  if (first === 'manual' || first === 'command') return 'asked'
  if (first === 'approve' || first === 'plan') return 'approval'
  return first === 'resume' || first === 'undo' ? first : 'other'
}

/** What made a run begin, in words. */
export function triggerText(trigger: string): string {
  const by = / by (.+)$/.exec(trigger)?.[1]
  switch (triggerKind(trigger)) {
    case 'schedule':
      return 'Schedule'
    case 'notification':
      return 'The provider told of changes'
    case 'enrollment':
      return 'Somebody enrolled'
    case 'asked':
      if (trigger.startsWith('command'))
        return trigger === 'command' ? 'Command line' : `Command line: ${trigger.slice('command '.length)}`
      return by === undefined ? 'Asked for' : `Asked for by ${by}`
    case 'approval':
      return by === undefined ? 'The approved changes were others by then' : `Approved by ${by}`
    case 'resume':
      return `Resumed by ${by ?? 'an administrator'}`
    case 'undo':
      return `Undo by ${by ?? 'an administrator'}`
    default:
      return trigger
  }
}

/** What a run read. */
export function modeText({ mode, fullBecause, dryRun }: Pick<RunReport, 'mode' | 'fullBecause' | 'dryRun'>): string {
  const words = {
    full: fullBecause === null ? 'Everything' : `Everything: ${fullBecause}`,
    incremental: 'What had changed',
    person: 'One person',
    none: 'Nothing',
  }
  return dryRun ? `${words[mode]} (dry run)` : words[mode]
}

/** What a run did, in a line. */
export function resultText({ outcome, changesInAll, heldChanges, error, paused }: RunSummary): string {
  if (error !== null) return error
  if (outcome === 'running') return ''
  const parts = [
    changesInAll === 0 ? '' : countOf(changesInAll, 'change', 'changes'),
    heldChanges === 0 ? '' : `${countText(heldChanges)} held`,
    paused === null ? '' : `${countText(paused.changes)} wait for Resume`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'Nothing changed' : parts.join(', ')
}

const steps: Readonly<Record<string, string>> = {
  users: 'Reading users',
  groups: 'Reading groups',
  members: 'Reading members of groups',
  domains: 'Reading domains',
  entries: 'Reading entries',
  map: 'Putting entries together',
  plan: 'Comparing',
  apply: 'Writing',
}

/** How far a run is. */
export function progressText({ step, count }: Pick<RunUnderWay, 'step' | 'count'>): string {
  if (step === null) return 'Begins'
  return `${steps[step] ?? `Reading ${step}`}: ${countText(count)}`
}

export function runAddress({ id }: Pick<RunReport, 'id'>): string {
  const slash = id.indexOf('/')
  return `/admin/sync/runs/${encodeURIComponent(id.slice(0, slash))}/${encodeURIComponent(id.slice(slash + 1))}`
}

export function heldAddress(provider: string): string {
  return `/admin/sync/held/${encodeURIComponent(provider)}`
}

/** `250 ms`, `3.4 s`, `2 min 5 s`. */
export function durationText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}
