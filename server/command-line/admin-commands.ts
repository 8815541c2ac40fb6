import { userInfo } from 'node:os'
import type { Command as CliCommand } from 'commander'
import {
  adminCreateCommand,
  adminListCommand,
  adminRemoveCommand,
  adminResetCommand,
} from '../commands/admin-command.ts'
import { type Role, roles } from '../directory/administrators/admin-records.ts'
import type { CommandLine, OutputOptions } from './command-line.ts'
import { choiceOption } from './option-values.ts'

/** Who administers this server. */
export function addAdminCommands(program: CliCommand, { execute }: CommandLine): void {
  const admin = program.command('admin').description('who administers this server in the admin page')
  const by = () => userInfo().username
  admin
    .command('create')
    .description('make an administrator and print a one-time link to choose a password')
    .argument('<name>', 'name to sign in with')
    .addOption(choiceOption('--role <role>', 'what the administrator may do', roles).makeOptionMandatory())
    .option('--json', 'print JSON')
    .action((name: string, { role, ...options }: OutputOptions & { role: Role }) =>
      execute(adminCreateCommand, { name, role, by: by() }, options),
    )
  admin
    .command('reset')
    .description('end password, second factor and sessions of an administrator and print a one-time link')
    .argument('<name>', 'name of the administrator')
    .option('--json', 'print JSON')
    .action((name: string, options: OutputOptions) => execute(adminResetCommand, { name, by: by() }, options))
  admin
    .command('list')
    .description('administrators, their roles and last sign-ins')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(adminListCommand, {}, options))
  admin
    .command('remove')
    .description('end an administrator at once; the last Owner stays')
    .argument('<name>', 'name of the administrator')
    .option('--json', 'print JSON')
    .action((name: string, options: OutputOptions) => execute(adminRemoveCommand, { name, by: by() }, options))
}
