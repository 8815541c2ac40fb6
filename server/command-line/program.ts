import { Command as CliCommand } from 'commander'
import { version } from '../version.ts'
import { addAdminCommands } from './admin-commands.ts'
import { addBackupCommands } from './backup-commands.ts'
import { addBinderCommands } from './binder-commands.ts'
import { addCheckCommands } from './check-commands.ts'
import { createCommandLine } from './command-line.ts'
import { addCompletionCommand } from './completion-command.ts'
import { addDirectoryCommands } from './directory-commands.ts'
import { addInitCommand } from './init-commands.ts'
import { addIdentityCommands } from './identity-commands.ts'
import { addProviderCommands } from './provider-commands.ts'
import { addServerCommands } from './server-commands.ts'
import { addSyncCommands } from './sync-commands.ts'
import { addThrottleCommands } from './throttle-commands.ts'
import { leafCommands } from './command-tree.ts'
import { noteOf } from './notes.ts'
import { addUserCommands } from './user-commands.ts'

/** Every command with its options: what is parsed, and what completion and docs/command-line.md are made of. */
export function createProgram(goOnWithoutOutput: () => void): CliCommand {
  const program = new CliCommand('rosterd')
    .description('LDAP directory server backed by synced cloud identities')
    .version(version)
    .option('-c, --config <file>', 'configuration file (default: $ROSTERD_CONFIG or ./ldap.config.json)')
    .showHelpAfterError('Add --help for what is accepted.')
    .enablePositionalOptions()
  const commandLine = createCommandLine(() => program.opts<{ config?: string }>().config)
  addInitCommand(program, commandLine)
  addServerCommands(program, commandLine, goOnWithoutOutput)
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
  addCompletionCommand(program)
  for (const { path, command } of leafCommands(program)) command.addHelpText('after', helpEnd(path))
  return program
}

function helpEnd(path: string): string {
  const { examples, exitCodes } = noteOf(path)
  return `\nExamples:\n${examples.map((example) => `  rosterd ${example}\n`).join('')}\nExit codes: ${exitCodes}`
}
