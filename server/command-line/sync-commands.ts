import { userInfo } from 'node:os'
import type { Command as CliCommand } from 'commander'
import { type Command, ExitCode } from '../commands/command.ts'
import { pauseCommand, resumeCommand, runsCommand, runsFollowCommand, undoCommand } from '../commands/pause-command.ts'
import { planApproveCommand, planDiscardCommand, planShowCommand } from '../commands/plan-command.ts'
import { previewCommand } from '../commands/preview-command.ts'
import { syncCommand } from '../commands/sync-command.ts'
import { NotRunningError } from '../control/control-client.ts'
import { type CommandLine, type OutputOptions, print } from './command-line.ts'
import { positiveNumber } from './option-values.ts'

/** Runs, and what may be done about them. */
export function addSyncCommands(program: CliCommand, { load, execute, runInServer }: CommandLine): void {
  program
    .command('sync')
    .description('sync providers now')
    .option('--provider <id>', 'only this provider')
    .option('--full', 'read everything, not only what changed')
    .option('--user <name>', 'only this person: user name, address, immutable id or sign-in name')
    .option('--dry-run', 'show what would change and write nothing')
    .option('--progress', 'show progress on stderr')
    .option('--json', 'print JSON')
    .action((options: OutputOptions & { provider?: string; user?: string; full?: boolean; dryRun?: boolean }) =>
      execute(
        syncCommand,
        {
          provider: options.provider,
          user: options.user,
          full: options.full ?? false,
          dryRun: options.dryRun ?? false,
        },
        options,
      ),
    )

  program
    .command('runs')
    .description('the last sync runs, and which providers are paused')
    .option('--provider <id>', 'only this provider')
    .option('--limit <number>', 'how many', positiveNumber, 20)
    .option('--follow', 'print what the running server does in runs, one JSON event a line, until interrupted')
    .option('--json', 'print JSON')
    .action((options: OutputOptions & { provider?: string; limit: number; follow?: boolean }) =>
      options.follow
        ? follow(options.provider)
        : execute(runsCommand, { provider: options.provider, limit: options.limit }, options),
    )

  program
    .command('undo')
    .description('take back what a sync run did, and pause its provider')
    .argument('<run>', 'id that "rosterd runs" prints')
    .option('--json', 'print JSON')
    .action((run: string, options: OutputOptions) => execute(undoCommand, { run, by: userInfo().username }, options))

  program
    .command('pause')
    .description('apply nothing of a provider but who is disabled there')
    .argument('<provider>', 'provider id')
    .option('--reason <text>', 'shown wherever the pause is', 'paused by an administrator')
    .option('--json', 'print JSON')
    .action((provider: string, options: OutputOptions & { reason: string }) =>
      execute(pauseCommand, { provider, reason: options.reason, by: userInfo().username }, options),
    )

  program
    .command('resume')
    .description('end the pause of a provider and apply what has waited')
    .argument('<provider>', 'provider id')
    .option('--json', 'print JSON')
    .action((provider: string, options: OutputOptions) =>
      execute(resumeCommand, { provider, by: userInfo().username }, options),
    )

  program
    .command('preview')
    .description('what another configuration would change, from what was last read')
    .argument('<file>', 'the other configuration')
    .option('--user <name>', 'show the entry of this person or group, now and then')
    .option('--json', 'print JSON')
    .action(async (file: string, options: OutputOptions & { user?: string }) => {
      const { config } = await load(file)
      await execute(previewCommand, { config, user: options.user }, options)
    })

  const plan = program.command('plan').description('changes that wait for approval (accidental-deletion protection)')
  plan
    .command('show')
    .description('list held changes')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(planShowCommand, {}, options))
  for (const [command, description] of [
    [planApproveCommand, 'apply exactly the held changes with this hash'],
    [planDiscardCommand, 'keep them held and do not ask again until they change'],
  ] as const) {
    plan
      .command(command.name.replace('plan-', ''))
      .description(description)
      .argument('[hash]', 'hash that "plan show" prints, or its first 8 or more digits')
      .option('--latest', 'the newest held plan')
      .option('--json', 'print JSON')
      .action((hash: string | undefined, options: OutputOptions & { latest?: boolean }) => {
        const wanted = options.latest ? 'latest' : hash
        if (wanted === undefined)
          program.error('error: name the hash of the plan, or --latest', { exitCode: ExitCode.failed })
        return execute(command as Command<object, unknown>, { hash: wanted, by: userInfo().username }, options)
      })
  }

  /** Only a running server has something to tell. */
  async function follow(provider: string | undefined): Promise<void> {
    try {
      await runInServer(runsFollowCommand, { provider }, (activity) => print(`${JSON.stringify(activity)}\n`))
    } catch (error) {
      if (!(error instanceof NotRunningError)) throw error
      program.error('error: no server is running here; start "rosterd serve", or use "rosterd sync --progress"', {
        exitCode: ExitCode.failed,
      })
    }
  }
}
