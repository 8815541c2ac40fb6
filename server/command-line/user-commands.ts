import { userInfo } from 'node:os'
import { Argument, type Command as CliCommand } from 'commander'
import {
  appPasswordAddCommand,
  appPasswordListCommand,
  appPasswordRevokeCommand,
} from '../commands/app-password-command.ts'
import { keyRotateCommand } from '../commands/key-command.ts'
import {
  totpBeginCommand,
  totpConfirmCommand,
  totpRecoveryCodesCommand,
  totpResetCommand,
} from '../commands/totp-command.ts'
import {
  userBlockCommand,
  userBlockedCommand,
  userPassThroughCommand,
  userRevokeCommand,
  userShowCommand,
  userUnblockCommand,
} from '../commands/user-command.ts'
import {
  userRemovePasswordCommand,
  userResetPasswordCommand,
  userSetPasswordCommand,
} from '../commands/user-password-command.ts'
import type { CommandLine, OutputOptions } from './command-line.ts'
import { moment } from './option-values.ts'
import { readPassword } from './read-password.ts'

interface AddOptions {
  readonly name: string
  readonly expires?: string
  readonly network?: readonly string[]
}

/** What people sign in with here, and the key that secrets are encrypted with. */
export function addUserCommands(program: CliCommand, { execute }: CommandLine): void {
  const by = () => userInfo().username
  program
    .command('key')
    .description('the master key, which secrets in the store are encrypted with')
    .command('rotate')
    .description('encrypt every secret with another master key')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(keyRotateCommand, { by: by() }, options))

  const user = program.command('user').description('what people sign in with, and what is blocked')
  const about = (parent: CliCommand, name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .argument('<name>', 'user name, address, DN, entryUUID or immutable id')
      .option('--json', 'print JSON')

  about(user, 'show', 'what somebody can sign in with').action((name: string, options: OutputOptions) =>
    execute(userShowCommand, { user: name }, options),
  )
  about(user, 'set-password', 'set the directory password; it is asked for, or read from the standard input')
    .option('--must-change', 'it is good for nothing but to set another one')
    .action(async (name: string, options: OutputOptions & { mustChange?: boolean }) => {
      const password = await readPassword(`New password of ${name}`)
      const { mustChange = false } = options
      await execute(userSetPasswordCommand, { user: name, by: by(), password, mustChange }, options)
    })
  about(user, 'reset-password', 'print a one-time password, good for nothing but to set another one').action(
    (name: string, options: OutputOptions) => execute(userResetPasswordCommand, { user: name, by: by() }, options),
  )
  about(user, 'remove-password', 'end the directory password; the provider’s may be used again, where it is').action(
    (name: string, options: OutputOptions) => execute(userRemovePasswordCommand, { user: name, by: by() }, options),
  )
  about(user, 'block', 'let nobody sign in as this person, whatever the provider says')
    .requiredOption('--reason <text>', 'shown wherever the block is')
    .option('--until <time>', 'when the block ends by itself, such as 2027-01-31 or 2027-01-31T18:00Z', moment)
    .action((name: string, options: OutputOptions & { reason: string; until?: string }) =>
      execute(userBlockCommand, { user: name, by: by(), reason: options.reason, until: options.until }, options),
    )
  user
    .command('blocked')
    .description('list everybody who is blocked')
    .option('--json', 'print JSON')
    .action((options: OutputOptions) => execute(userBlockedCommand, {}, options))
  about(user, 'unblock', 'lift the block').action((name: string, options: OutputOptions) =>
    execute(userUnblockCommand, { user: name, by: by() }, options),
  )
  about(user, 'revoke', 'take away the directory password, app passwords and what was kept of the provider’s password')
    .option('--totp', 'the second factor too')
    .action((name: string, options: OutputOptions & { totp?: boolean }) =>
      execute(userRevokeCommand, { user: name, by: by(), secondFactor: options.totp ?? false }, options),
    )
  about(user, 'pass-through', 'whether the provider may be asked for this person’s password')
    .addArgument(new Argument('<how>', 'default: as the provider’s passThroughBind says').choices(['never', 'default']))
    .action((name: string, how: 'never' | 'default', options: OutputOptions) =>
      execute(userPassThroughCommand, { user: name, by: by(), passThrough: how }, options),
    )

  const appPassword = user.command('app-password').description('passwords for one application each')
  about(appPassword, 'add', 'print a new app password, shown only then')
    .requiredOption('--name <text>', 'what it is for, such as phone')
    .option('--expires <time>', 'when it ends, such as 2027-01-31 or 2027-01-31T18:00Z', moment)
    .option('--network <networks...>', 'where it may be used from, such as 192.0.2.0/24')
    .action((name: string, options: OutputOptions & AddOptions) =>
      execute(
        appPasswordAddCommand,
        { user: name, by: by(), name: options.name, expires: options.expires, networks: options.network ?? [] },
        options,
      ),
    )
  about(appPassword, 'list', 'list app passwords; what they are is not known any more').action(
    (name: string, options: OutputOptions) => execute(appPasswordListCommand, { user: name }, options),
  )
  about(appPassword, 'revoke', 'end an app password')
    .argument('<id>', 'id that "app-password list" prints')
    .action((name: string, id: string, options: OutputOptions) =>
      execute(appPasswordRevokeCommand, { user: name, by: by(), id }, options),
    )

  const totp = user.command('totp').description('codes of an authenticator app as a second factor')
  about(totp, 'begin', 'print a new secret for the app, shown only then').action(
    (name: string, options: OutputOptions) => execute(totpBeginCommand, { user: name, by: by() }, options),
  )
  about(totp, 'confirm', 'switch the second factor on, and print recovery codes, shown only then')
    .argument('<code>', 'code that the app shows now')
    .action((name: string, code: string, options: OutputOptions) =>
      execute(totpConfirmCommand, { user: name, by: by(), code }, options),
    )
  about(totp, 'recovery-codes', 'print new recovery codes, shown only then; the old ones end').action(
    (name: string, options: OutputOptions) => execute(totpRecoveryCodesCommand, { user: name, by: by() }, options),
  )
  about(totp, 'reset', 'take the second factor and its recovery codes away').action(
    (name: string, options: OutputOptions) => execute(totpResetCommand, { user: name, by: by() }, options),
  )
}
