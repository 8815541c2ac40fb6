import type { HeldRecord } from '../../sync/settlement.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { syncActions } from '../sync-actions.ts'
import { type Command, ExitCode } from './command.ts'
import { syncCommand } from './sync-command.ts'

/** `rosterd plan show`: the changes that wait for approval. */
export const planShowCommand: Command<object, readonly HeldRecord[]> = {
  name: 'plan-show',
  execute: ({ engine }) => engine.plan.show(),
  text: (plans) => (plans.length === 0 ? 'No changes are held.\n' : plans.map(planText).join('\n')),
  exitCode: (plans) => (plans.some(({ discarded }) => !discarded) ? ExitCode.held : ExitCode.ok),
}

export interface PlanDecisionInput {
  /** The plan's hash or its first 8 or more digits, or `latest`. */
  readonly hash: string
  readonly by: string
}

/** `rosterd plan approve`: applies exactly the held changes with that hash. */
export const planApproveCommand: Command<PlanDecisionInput, RunReport> = {
  name: 'plan-approve',
  async execute({ engine, actAs }, { hash, by }) {
    const plan = await engine.plan.find(hash)
    return await actAs({ name: by, address: null }, syncActions.approved(plan), () =>
      engine.plan.approve(plan.hash, by),
    )
  },
  text: (report) => syncCommand.text([report]),
  exitCode: (report) => syncCommand.exitCode([report]),
}

/** `rosterd plan discard`: keeps them held and does not ask again until they change. */
export const planDiscardCommand: Command<PlanDecisionInput, string> = {
  name: 'plan-discard',
  execute: async ({ engine, actAs }, { hash, by }) => {
    const plan = await engine.plan.find(hash)
    await actAs({ name: by, address: null }, syncActions.discarded(plan), () => engine.plan.discard(plan.hash, by))
    return hash
  },
  text: () => 'Discarded: these changes stay held and are not asked about again until they change.\n',
  exitCode: () => ExitCode.ok,
}

function planText({ provider, hash, since, reasons, changes, discarded }: HeldRecord): string {
  const lines = [
    `${provider}: ${changes.length} changes held since ${since}${discarded ? ' (discarded)' : ''}`,
    `  plan ${hash}`,
  ]
  for (const reason of reasons) lines.push(`  because ${reason}`)
  for (const { action, dn, reason } of changes) lines.push(`  ${action} ${dn} (${reason})`)
  return `${lines.join('\n')}\n`
}
