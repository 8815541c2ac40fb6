import { resolve } from 'node:path'
import type { Command as CliCommand } from 'commander'
import { backupCommand } from '../commands/backup-command.ts'
import { type CommandLine, json, type OutputOptions, print } from './command-line.ts'

interface ForceOptions extends OutputOptions {
  readonly force?: boolean
}

/** The store as one file, and back. */
export function addBackupCommands(program: CliCommand, { load, execute }: CommandLine): void {
  program
    .command('backup')
    .description('write the store into one file, while the server goes on')
    .argument('<file>', 'made with mode 0600 by the user who runs the server')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print JSON')
    .action((file: string, options: ForceOptions) =>
      execute(backupCommand, { file: resolve(file), replace: options.force ?? false }, options),
    )

  program
    .command('restore')
    .description('put a backup in the place of the store; the server must not run')
    .argument('<file>', 'made by "rosterd backup"')
    .option('--force', 'set a store that is there aside')
    .option('--json', 'print JSON')
    .action(async (file: string, options: ForceOptions) => {
      const { restoreBackup } = await import('../restore.ts')
      const restored = await restoreBackup({ loaded: await load(), env: process.env, now: new Date() }, resolve(file), {
        replace: options.force ?? false,
      })
      const { created, entries, former, keyProblem } = restored
      if (options.json) print(json(restored))
      else
        print(
          `Restored: ${entries} entries, as of ${created}.\n` +
            (former === null ? '' : `The store that was there is in ${former}; remove it when all is well.\n`) +
            (keyProblem === null ? '' : `Before you start the server: ${keyProblem}.\n`),
        )
    })
}
