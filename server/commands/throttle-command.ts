import type { FailedBinds } from '../../admin-ui/admin/throttle-services.ts'
import { clearedFailures, countedFailures } from '../directory/authentication/throttle-records.ts'
import { failuresOf, shownFailures } from '../failed-binds.ts'
import { type Command, ExitCode } from './command.ts'

/** `rosterd throttle list`: failed binds that still count, those that are refused now first. */
export const throttleListCommand: Command<{}, readonly FailedBinds[]> = {
  name: 'throttle-list',
  execute: (workspace) => shownFailures(workspace),
  text(failures) {
    if (failures.length === 0) return 'No failed binds count.\n'
    return `${failures.map(lineOf).join('\n')}\n`
  },
  exitCode: () => ExitCode.ok,
}

function lineOf({ account, network, count, lastAt, blockedUntil }: FailedBinds): string {
  const who = account ?? 'all accounts'
  const what =
    account === null
      ? `${count} ${count === 1 ? 'account' : 'accounts'} failed`
      : `${count} wrong ${count === 1 ? 'password' : 'passwords'}`
  const state = blockedUntil === null ? '' : `, REFUSED until ${blockedUntil}`
  return `${who} from ${network ?? 'new addresses'}: ${what}, the last ${lastAt}${state}`
}

/** `rosterd throttle clear`: forgets the failures of a person, a binder or an address, or all of them. */
export const throttleClearCommand: Command<{ readonly of: string | null }, { readonly cleared: number }> = {
  name: 'throttle-clear',
  async execute(workspace, { of }) {
    const { directory } = workspace
    const isWanted = await failuresOf(workspace, of)
    let cleared = 0
    await directory.commitFrom(async () => {
      const subjects = (await countedFailures(directory.store)).filter(isWanted).map(({ subject }) => subject)
      cleared = subjects.length
      return { cause: { kind: 'server', id: 'throttle clear' }, entries: [], records: clearedFailures(subjects) }
    })
    return { cleared }
  },
  text: ({ cleared }) =>
    cleared === 0 ? 'Nothing counted there.\n' : `Forgotten: ${cleared} counts of failed binds.\n`,
  exitCode: () => ExitCode.ok,
}
