import type { Command as CliCommand } from 'commander'
import { throttleClearCommand, throttleListCommand } from '../commands/throttle-command.ts'
import type { CommandLine, OutputOptions } from './command-line.ts'

/** Failed binds. */
export function addThrottleCommands(program: CliCommand, { execute }: CommandLine): void {
  const throttle = program.command('throttle').description('failed binds, and who is refused for them')
  throttle
    .command('list')
    .description('failed binds that still count')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(throttleListCommand, {}, options))
  throttle
    .command('clear')
    .description('forget failed binds, so that the next one is looked at')
    .argument('[of]', 'a user name, address of a client or name of a binder')
    .option('--all', 'of everybody')
    .option('--json', 'print JSON')
    .action(async (of: string | undefined, options: OutputOptions & { all?: boolean }) => {
      if ((of === undefined) !== (options.all === true))
        throw new Error('say whose failed binds to forget: a user name, an address, the name of a binder, or --all')
      await execute(throttleClearCommand, { of: of ?? null }, options)
    })
}
