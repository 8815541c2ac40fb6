import { Command as CliCommand } from 'commander'
import { addAdminCommands } from './command-line/admin-commands.ts'
import { addBackupCommands } from './command-line/backup-commands.ts'
import { addBinderCommands } from './command-line/binder-commands.ts'
import { addCheckCommands } from './command-line/check-commands.ts'
import { createCommandLine } from './command-line/command-line.ts'
import { addDirectoryCommands } from './command-line/directory-commands.ts'
import { addIdentityCommands } from './command-line/identity-commands.ts'
import { addProviderCommands } from './command-line/provider-commands.ts'
import { addServerCommands } from './command-line/server-commands.ts'
import { addSyncCommands } from './command-line/sync-commands.ts'
import { addThrottleCommands } from './command-line/throttle-commands.ts'
import { addUserCommands } from './command-line/user-commands.ts'
import { ExitCode } from './commands/command.ts'
import { ConfigError } from './runtime/config-problems.ts'
import { version } from './version.ts'

/** What to do when the output takes no more: a command has nothing left to do, and fails unless its reader has gone, as `head` does. */
let whenOutputEnds = (error: Error): void => {
  const isGone = 'code' in error && error.code === 'EPIPE'
  if (!isGone) process.stderr.write(`rosterd: the output cannot be written: ${error.message}\n`)
  process.exit(isGone ? process.exitCode : ExitCode.failed)
}
process.stdout.on('error', (error) => whenOutputEnds(error))

const program = new CliCommand('rosterd')
  .description('LDAP directory server backed by synced cloud identities')
  .version(version)
  .option('-c, --config <file>', 'configuration file (default: $ROSTERD_CONFIG or ./ldap.config.json)')
  .showHelpAfterError('Add --help for what is accepted.')
  .enablePositionalOptions()

const commandLine = createCommandLine(() => program.opts<{ config?: string }>().config)
addServerCommands(program, commandLine, () => {
  whenOutputEnds = () => undefined // a server goes on without its log
})
addSyncCommands(program, commandLine)
addProviderCommands(program, commandLine)
addDirectoryCommands(program, commandLine)
addIdentityCommands(program, commandLine)
addUserCommands(program, commandLine)
addBinderCommands(program, commandLine)
addAdminCommands(program, commandLine)
addBackupCommands(program, commandLine)
addThrottleCommands(program, commandLine)
addCheckCommands(program, commandLine)

try {
  await program.parseAsync()
} catch (error) {
  const text =
    error instanceof ConfigError || !(error instanceof Error)
      ? String(error instanceof Error ? error.message : error)
      : `rosterd: ${error.message}${causeText(error)}`
  process.stderr.write(`${text}\n`)
  process.exitCode = ExitCode.failed
}

function causeText({ cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? ` (${cause.message.trim()})` : ''
}
