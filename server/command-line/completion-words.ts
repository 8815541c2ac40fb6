import type { Argument, Command as CliCommand, Option } from 'commander'
import { commandTree } from './command-tree.ts'

/** What may stand where a value is expected: some words, a file, or what no shell can know. */
export type OfferedValue = readonly string[] | 'file' | 'anything'

export interface OfferedOption {
  /** With their dashes. */
  readonly names: readonly string[]
  readonly description: string
  /** null: it takes none. */
  readonly value: OfferedValue | null
}

/** What a shell offers behind a command. */
export interface OfferedWords {
  /** As in commandTree. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly OfferedOption[]
  /** In their order. */
  readonly values: readonly OfferedValue[]
}

/** What completion knows, of the definitions that are parsed. */
export function offeredWords(program: CliCommand): readonly OfferedWords[] {
  return commandTree(program).map(({ path, command }) => ({
    path,
    commands: command.commands.map((one) => ({ name: one.name(), description: one.description() })),
    options: [
      ...command.options.map(offeredOption),
      { names: ['--help', '-h'], description: 'show what is accepted', value: null },
    ],
    values: command.registeredArguments.map(valueOf),
  }))
}

function offeredOption(option: Option): OfferedOption {
  const names = [option.long, option.short].filter((name) => name !== undefined)
  return { names, description: option.description, value: takesValue(option) ? optionValue(option) : null }
}

function takesValue(option: Option): boolean {
  return option.required || option.optional
}

function optionValue(option: Option): OfferedValue {
  return option.argChoices ?? (/<file>/.test(option.flags) ? 'file' : 'anything')
}

function valueOf(argument: Argument): OfferedValue {
  return argument.argChoices ?? (argument.name() === 'file' ? 'file' : 'anything')
}
