import type { RunHistory, RunSummary } from '../../../sync/run-history.ts'
import type { RunsQuery } from './inputs.ts'
import { triggerKind, triggerText } from './run-text.ts'

/** The runs that a query asks for, the newest first; all pages of them. */
export async function wantedRuns(
  sync: Pick<RunHistory, 'list'>,
  { search, provider, outcome, trigger }: RunsQuery,
): Promise<readonly RunSummary[]> {
  const text = search.toLowerCase()
  return (await sync.list()).filter(
    (run) =>
      (provider === undefined || run.provider === provider) &&
      (outcome === undefined || run.outcome === outcome) &&
      (trigger === undefined || triggerKind(run.trigger) === trigger) &&
      (text === '' || textOf(run).toLowerCase().includes(text)),
  )
}

function textOf({ provider, trigger, error, notices }: RunSummary): string {
  return [provider, trigger, triggerText(trigger), error ?? '', ...notices].join('\n')
}
