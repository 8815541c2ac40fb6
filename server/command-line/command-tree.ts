import type { Command as CliCommand } from 'commander'

export interface CommandAtPath {
  /** Without the name of the program, such as `user app-password add`. */
  readonly path: string
  readonly command: CliCommand
}

/** Every command and group of commands, those of a group behind it; the program itself has the path ''. */
export function commandTree(command: CliCommand, path = ''): readonly CommandAtPath[] {
  const below = command.commands.flatMap((one) => commandTree(one, `${path} ${one.name()}`.trim()))
  return [{ path, command }, ...below]
}

/** Commands that do something. */
export function leafCommands(program: CliCommand): readonly CommandAtPath[] {
  return commandTree(program).filter(({ command }) => command.commands.length === 0)
}
