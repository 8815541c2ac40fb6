import { Argument, type Command as CliCommand } from 'commander'
import { print } from './command-line.ts'
import type { shells } from './completion-scripts.ts'

/** What shells offer when the tab key is pressed. */
export function addCompletionCommand(program: CliCommand): void {
  program
    .command('completion')
    .description('print a script that lets a shell complete commands, options and their values')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: (typeof shells)[number]) => {
      const [{ completionScript }, { offeredWords }] = await Promise.all([
        import('./completion-scripts.ts'),
        import('./completion-words.ts'),
      ])
      print(completionScript(shell, offeredWords(program)))
    })
}
