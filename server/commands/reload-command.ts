import type { ReloadReport } from '../config-reload.ts'
import { cardPath } from '../runtime/operation-cards.ts'
import { type Command, ExitCode } from './command.ts'

/** Answered by the server itself: there is nothing to read again where none runs. */
export const reloadCommand: Omit<Command<Record<string, never>, ReloadReport>, 'execute'> = {
  name: 'reload',
  text({ problems, changed, needsRestart }) {
    if (problems.length > 0)
      return `${lines('The configuration is refused; the one before stays in force:', problems)}What to do: ${cardPath('the-configuration-is-refused')}\n`
    const taken = changed.length === 0 ? 'Nothing to take over.\n' : lines('Taken over:', changed)
    return `${taken}${needsRestart.length === 0 ? '' : lines('Needs a restart:', needsRestart)}`
  },
  exitCode({ problems, needsRestart }) {
    if (problems.length > 0) return ExitCode.failed
    return needsRestart.length > 0 ? ExitCode.held : ExitCode.ok
  },
}

function lines(heading: string, items: readonly string[]): string {
  return `${heading}\n${items.map((item) => `  ${item}\n`).join('')}`
}
