import { userInfo } from 'node:os'
import type { Command as CliCommand } from 'commander'
import {
  providerAuthorizeCommand,
  providerForgetCommand,
  providerListCommand,
  providerTestCommand,
} from '../commands/provider-command.ts'
import type { CommandLine, OutputOptions } from './command-line.ts'
import { choiceOption } from './option-values.ts'

/** Connections to clouds. */
export function addProviderCommands(program: CliCommand, { execute }: CommandLine): void {
  const provider = program.command('provider').description('connections to clouds, and what they sign in with')
  provider
    .command('list')
    .description('list providers with their credentials: who authorized them, last success, what is broken')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(providerListCommand, {}, options))
  provider
    .command('test')
    .description('try each permission with each credential')
    .argument('[id]', 'only this provider')
    .option('--json', 'print JSON')
    .action((id: string | undefined, options: OutputOptions) => execute(providerTestCommand, { provider: id }, options))
  provider
    .command('authorize')
    .description('print a one-time link with which an administrator authorizes an account')
    .argument('<id>', 'provider with a credential of kind "delegated"')
    .addOption(choiceOption('--for <purpose>', 'what the account is for', ['users', 'groups', 'both']).default('both'))
    .option('--json', 'print JSON')
    .action((id: string, options: OutputOptions & { for: 'users' | 'groups' | 'both' }) =>
      execute(
        providerAuthorizeCommand,
        {
          provider: id,
          purposes: options.for === 'both' ? ['users', 'groups'] : [options.for],
          by: userInfo().username,
        },
        options,
      ),
    )
  provider
    .command('forget')
    .description('remove the authorization of an account')
    .argument('<id>', 'provider')
    .argument('<authorization>', 'id that "provider list" prints')
    .option('--json', 'print JSON')
    .action((id: string, authorization: string, options: OutputOptions) =>
      execute(providerForgetCommand, { provider: id, authorization }, options),
    )
}
