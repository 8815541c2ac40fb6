import { firstChangeAfter } from '../server/directory/change-history.ts'
import type { Change } from '../server/directory/directory-store.ts'
import { trusted } from './ledgers.ts'
import type { ReportedChange, RunReport } from './run-report.ts'
import type { SyncDirectory } from './sync-directory.ts'
import { descending } from '../server/runtime/order.ts'

/** A run without what grows with the directory. */
export type RunSummary = Omit<RunReport, 'held' | 'changes' | 'refused'> & {
  /** Changes that waited for approval at its end, discarded ones included. */
  readonly heldChanges: number
}

/** A line of a run's change list. Of changes beyond those that the report lists, the log knows no reason. */
export type RunChange = Pick<ReportedChange, 'dn' | 'previousDn' | 'attributes'> & {
  readonly action: ReportedChange['action']
  readonly reason: string | null
}

export interface RunHistory {
  /** Every run that is kept, of all providers, the newest first. */
  list(): Promise<readonly RunSummary[]>
  report(id: string): Promise<RunReport | undefined>
  /** How many lines the change list has: all changes of the run, or those that its report has once the others were forgotten. */
  listed(report: RunReport): Promise<number>
  /** The change list of a run, from the line at `offset` on. */
  changes(report: RunReport, offset?: number): AsyncIterable<RunChange>
}

export function createRunHistory({ store, revisionOf }: Pick<SyncDirectory, 'store' | 'revisionOf'>): RunHistory {
  let listed: { readonly revision: number; readonly runs: Promise<readonly RunSummary[]> } | undefined

  async function readAll(): Promise<readonly RunSummary[]> {
    const runs: RunSummary[] = []
    for await (const { value } of store.list('run')) runs.push(summaryOf(trusted<RunReport>(value)))
    return runs.sort(descending(({ started }) => started))
  }

  async function* loggedChanges(report: RunReport, first: number, offset: number): AsyncGenerator<RunChange> {
    const listedOnes = new Map(report.changes.map((change) => [change.entryUUID, change]))
    for await (const change of store.changes(first - 1 + offset)) {
      // A run is one commit: its changes follow each other in the log.
      if (!isOf(report, change)) return
      yield lineOf(change, listedOnes.get(change.entryUUID))
    }
  }

  async function firstChange(report: RunReport): Promise<number | undefined> {
    let looked = 0
    for await (const change of store.changes(report.logAfter)) {
      if (isOf(report, change)) return change.number
      if (++looked > farthestFirst) return undefined
    }
    return undefined
  }

  /** Number of the first change of a run whose changes are all in the log. */
  async function wholeInLog(report: RunReport): Promise<number | undefined> {
    const first = await firstChange(report)
    const oldest = await firstChangeAfter(store, 0)
    if (first === undefined || first !== oldest?.number) return first
    // What was before was forgotten, and may have been of this run.
    let left = 0
    for await (const change of store.changes(first - 1)) {
      if (!isOf(report, change)) break
      left += 1
    }
    return left >= report.changesInAll ? first : undefined
  }

  return {
    list() {
      const revision = revisionOf('run')
      if (listed?.revision !== revision) {
        const runs = readAll()
        listed = { revision, runs }
        runs.catch(() => (listed = undefined))
      }
      return listed.runs
    },
    async report(id) {
      const slash = id.indexOf('/')
      const value = slash < 0 ? undefined : await store.get('run', [id.slice(0, slash), id.slice(slash + 1)])
      return value === undefined ? undefined : trusted<RunReport>(value)
    },
    async listed(report) {
      if (hasAll(report) || (await wholeInLog(report)) !== undefined) return report.changesInAll
      return report.changes.length
    },
    async *changes(report, offset = 0) {
      const first = hasAll(report) ? undefined : await wholeInLog(report)
      if (first === undefined) yield* report.changes.slice(offset)
      else yield* loggedChanges(report, first, offset)
    },
  }
}

/** Others change little between the number that a run notes and its own commit. */
const farthestFirst = 1000

function hasAll({ changes, changesInAll }: RunReport): boolean {
  return changes.length >= changesInAll
}

function isOf(report: RunReport, { cause, number }: Change): boolean {
  if (cause.kind === 'run') return cause.id === report.id
  // What an undo puts back is changed by the administrator.
  return cause.kind === 'admin' && isUndo(report) && number <= report.logAfter + report.changesInAll
}

function isUndo({ trigger }: RunReport): boolean {
  return trigger.startsWith('undo of ')
}

const actions: Readonly<Record<Change['type'], ReportedChange['action']>> = {
  add: 'add',
  modify: 'update',
  rename: 'rename',
  delete: 'remove',
}

function lineOf({ type, dn, previousDn, attributes }: Change, known: ReportedChange | undefined): RunChange {
  return {
    action: known?.action ?? actions[type],
    dn,
    previousDn: previousDn ?? null,
    reason: known?.reason ?? null,
    attributes: attributes.map(({ attribute }) => attribute),
  }
}

/** What is listed of a run. */
export function summaryOf({ held, changes: _changes, refused: _refused, ...summary }: RunReport): RunSummary {
  return { ...summary, heldChanges: held.reduce((sum, { changes }) => sum + changes.length, 0) }
}
