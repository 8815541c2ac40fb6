import { userInfo } from 'node:os'
import type { Command as CliCommand } from 'commander'
import {
  binderAddCommand,
  binderListCommand,
  binderRemoveCommand,
  binderRotateCommand,
} from '../commands/binder-command.ts'
import type { CommandLine, OutputOptions } from './command-line.ts'
import { choiceOption, wholeNumber } from './option-values.ts'

interface AddOptions extends OutputOptions {
  readonly subtree?: readonly string[]
  readonly filter?: string
  readonly attributes?: readonly string[]
  readonly network?: readonly string[]
  readonly requireTls?: boolean
  readonly grant?: readonly string[]
}

/** Service accounts that hosts and appliances bind as. */
export function addBinderCommands(program: CliCommand, { execute }: CommandLine): void {
  const by = () => userInfo().username
  const binder = program.command('binder').description('service accounts that hosts and appliances bind as')
  binder
    .command('add')
    .description('make a service account and print its secret, shown only then')
    .argument('<name>', 'binds as cn=<name>,ou=services,<baseDn>')
    .option('--subtree <dns...>', 'read below these DNs only')
    .option('--filter <filter>', 'read only what matches this filter there, such as (objectClass=posixAccount)')
    .option('--attributes <names...>', 'read these attributes only')
    .option('--network <networks...>', 'where it may come from, such as 192.0.2.0/24')
    .option('--require-tls', 'refuse it without TLS, also from this machine')
    .addOption(
      choiceOption('--grant <grants...>', 'ntHash: may read NT hashes; mayNotSearch: may only bind', [
        'ntHash',
        'mayNotSearch',
      ]),
    )
    .option('--json', 'print JSON')
    .action((name: string, { subtree, filter, attributes, network, requireTls, grant, ...options }: AddOptions) => {
      if (filter !== undefined && subtree === undefined)
        throw new Error('--filter needs --subtree: name the base DN for the whole tree')
      const scope = subtree === undefined ? 'tree' : { subtrees: subtree, filter }
      const described = { name, scope, attributes, networks: network, requireTls, grants: grant }
      return execute(binderAddCommand, { binder: described, by: by() }, options)
    })
  binder
    .command('list')
    .description('service accounts, their secrets, and which clients use them')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(binderListCommand, {}, options))
  binder
    .command('rotate')
    .description('print a new secret, shown only then; the one before works on for some days')
    .argument('<name>', 'name of the binder')
    .option('--overlap-days <days>', 'how long it does; 0: it ends at once', wholeNumber, 7)
    .option('--json', 'print JSON')
    .action((name: string, { overlapDays, ...options }: OutputOptions & { overlapDays: number }) =>
      execute(binderRotateCommand, { name, overlapDays, by: by() }, options),
    )
  binder
    .command('remove')
    .description('end a service account at once')
    .argument('<name>', 'name of the binder')
    .option('--json', 'print JSON')
    .action((name: string, options: OutputOptions) => execute(binderRemoveCommand, { name, by: by() }, options))
}
