import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import type { Command as CliCommand } from 'commander'
import { ExitCode } from '../commands/command.ts'
import { idsExportCommand, idsImportCommand } from '../commands/ids-command.ts'
import { linkConfirmCommand, linkListCommand, linkSeparateCommand } from '../commands/link-command.ts'
import { relinkCommand, relinkUndoCommand } from '../commands/relink-command.ts'
import type { CommandLine, OutputOptions } from './command-line.ts'
import { choiceOption } from './option-values.ts'

interface ImportOptions {
  readonly format?: 'csv' | 'ldif' | 'getent'
  readonly provider?: string
  readonly match: 'mail' | 'username' | 'employeeId'
  readonly dryRun?: boolean
  readonly skipConflicts?: boolean
}

interface RelinkOptions {
  readonly from?: string
  readonly to?: string
  readonly match?: string
  readonly dryRun?: boolean
  readonly undo?: boolean
}

/** Who is who, and with which ids. */
export function addIdentityCommands(program: CliCommand, { execute }: CommandLine): void {
  const link = program.command('link').description('people whom several providers hold')
  const sourceArgument = '<source>'
  const sourceHelp = 'PROVIDER:ID, as "link list" and "explain" show it'
  link
    .command('list')
    .description('list linked people, and newcomers that are held because they look like somebody else')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(linkListCommand, {}, options))
  link
    .command('confirm')
    .description('the source is that person, and may check its password')
    .argument(sourceArgument, sourceHelp)
    .argument('<to>', 'user name, entryUUID or another source of the person')
    .option('--retire-ids', 'give up the ids that the source has of its own; they are never reused')
    .option('--json', 'print JSON')
    .action((source: string, to: string, options: OutputOptions & { retireIds?: boolean }) =>
      execute(
        linkConfirmCommand,
        { source, to, retireIds: options.retireIds ?? false, by: userInfo().username },
        options,
      ),
    )
  link
    .command('separate')
    .description('the source is a person of its own')
    .argument(sourceArgument, sourceHelp)
    .option('--json', 'print JSON')
    .action((source: string, options: OutputOptions) =>
      execute(linkSeparateCommand, { source, by: userInfo().username }, options),
    )

  const ids = program.command('ids').description('entryUUIDs and numbers, which never move')
  ids
    .command('export')
    .description('print the whole ledger: imported into an empty store it gives every id back')
    .option('--csv', 'print CSV (default)')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(idsExportCommand, {}, options))
  ids
    .command('import')
    .description('take over numbers of a file, after a report of what conflicts')
    .argument('<file>', 'CSV, LDIF, or what "getent passwd" and "getent group" print')
    .addOption(choiceOption('--format <format>', 'what the file is (default: by its name)', ['csv', 'ldif', 'getent']))
    .option('--provider <id>', 'whose people are meant')
    .addOption(
      choiceOption('--match <field>', 'how people are found', ['mail', 'username', 'employeeId']).default('username'),
    )
    .option('--dry-run', 'show what would happen and write nothing')
    .option('--skip-conflicts', 'write the rest although some lines conflict')
    .option('--json', 'print JSON')
    .action(async (file: string, options: OutputOptions & ImportOptions) =>
      execute(
        idsImportCommand,
        {
          text: await readFile(file, 'utf8'),
          format: options.format ?? formatOf(file),
          provider: options.provider,
          match: options.match,
          dryRun: options.dryRun ?? false,
          skipConflicts: options.skipConflicts ?? false,
          by: userInfo().username,
        },
        options,
      ),
    )

  ids
    .command('relink')
    .description('give the ids of one provider’s people and groups to those of another')
    .option('--from <id>', 'provider whose people have the ids, also one that was taken out of the configuration')
    .option('--to <id>', 'provider whose people get them')
    .option('--match <how>', 'mail, username, employeeId, or a CSV file with the columns "from" and "to"')
    .option('--dry-run', 'show the plan and write nothing')
    .option('--undo', 'take the last relink back')
    .option('--json', 'print JSON')
    .action(async (options: OutputOptions & RelinkOptions) => {
      const { from, to, match, dryRun = false } = options
      const by = userInfo().username
      if (options.undo) return await execute(relinkUndoCommand, { by }, options)
      if (from === undefined || to === undefined || match === undefined)
        return program.error('error: name --from, --to and --match, or use --undo', { exitCode: ExitCode.failed })
      const isField = match === 'mail' || match === 'username' || match === 'employeeId'
      const how = isField ? match : { csv: await readFile(match, 'utf8') }
      return await execute(relinkCommand, { from, to, match: how, dryRun, by }, options)
    })
}

function formatOf(file: string): 'csv' | 'ldif' | 'getent' {
  const [extension] = /[^.]*$/.exec(file.toLowerCase()) ?? []
  return extension === 'csv' || extension === 'ldif' ? extension : 'getent'
}
