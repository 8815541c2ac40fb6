import type { Change } from '../server/directory/directory-store.ts'
import { trusted } from './ledgers.ts'
import type { ReportedChange, RunReport } from './run-report.ts'
import type { SyncDirectory } from './sync-run.ts'

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
  /** The change list of a run, from the line at `offset` on. */
  changes(report: RunReport, offset?: number): AsyncIterable<RunChange>
}

export function createRunHistory({ store, revisionOf }: Pick<SyncDirectory, 'store' | 'revisionOf'>): RunHistory {
  let listed: { readonly revision: number; readonly runs: Promise<readonly RunSummary[]> } | undefined

  async function readAll(): Promise<readonly RunSummary[]> {
    const runs: RunSummary[] = []
    for await (const { value } of store.list('run')) runs.push(summaryOf(trusted<RunReport>(value)))
    return runs.sort((a, b) => (a.started < b.started ? 1 : -1))
  }

  async function* loggedChanges(report: RunReport, offset: number): AsyncGenerator<RunChange> {
    const listedOnes = new Map(report.changes.map((change) => [change.entryUUID, change]))
    const first = await firstChange(report)
    if (first === undefined) return
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
    async *changes(report, offset = 0) {
      if (report.changes.length >= report.changesInAll) yield* report.changes.slice(offset)
      else yield* loggedChanges(report, offset)
    },
  }
}

/** Others change little between the number that a run notes and its own commit. */
const farthestFirst = 1000

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
