import { isIP } from 'node:net'
import {
  clearedFailures,
  type CountedFailures,
  countedFailures,
  type ThrottleSubject,
} from '../directory/authentication/throttle-records.ts'
import { binderNames } from '../directory/credentials/binders.ts'
import { networkOf } from '../runtime/address-network.ts'
import type { Workspace } from '../workspace.ts'
import { type Command, ExitCode } from './command.ts'
import { namedPerson } from './named-person.ts'

export interface ShownFailures {
  /** DN of a person, name of a binder, null: of all accounts. */
  readonly account: string | null
  /** null: of all addresses where the account has not signed in before. */
  readonly network: string | null
  /** Wrong passwords; of all accounts, how many of them failed. */
  readonly count: number
  readonly lastAt: string
  /** Binds are refused unread until then; null: they are not. */
  readonly blockedUntil: string | null
}

/** `rosterd throttle list`: failed binds that still count, those that are refused now first. */
export const throttleListCommand: Command<{}, readonly ShownFailures[]> = {
  name: 'throttle-list',
  async execute({ directory, clock }) {
    const now = clock.now().toISOString()
    const shown = (await countedFailures(directory.store)).map(({ subject, count, lastAt, blockedUntil }) => ({
      ...namesOf(subject, directory),
      count,
      lastAt,
      blockedUntil: blockedUntil !== null && blockedUntil > now ? blockedUntil : null,
    }))
    const order = ({ blockedUntil, lastAt }: ShownFailures) => `${blockedUntil ?? ''} ${lastAt}`
    return shown.sort((a, b) => (order(a) < order(b) ? 1 : -1))
  },
  text(failures) {
    if (failures.length === 0) return 'No failed binds count.\n'
    return `${failures.map(lineOf).join('\n')}\n`
  },
  exitCode: () => ExitCode.ok,
}

function lineOf({ account, network, count, lastAt, blockedUntil }: ShownFailures): string {
  const who = account ?? 'all accounts'
  const what =
    account === null
      ? `${count} ${count === 1 ? 'account' : 'accounts'} failed`
      : `${count} wrong ${count === 1 ? 'password' : 'passwords'}`
  const state = blockedUntil === null ? '' : `, REFUSED until ${blockedUntil}`
  return `${who} from ${network ?? 'new addresses'}: ${what}, the last ${lastAt}${state}`
}

function namesOf(
  subject: ThrottleSubject,
  { entryByUuid }: Pick<Workspace['directory'], 'entryByUuid'>,
): { readonly account: string | null; readonly network: string | null } {
  const network = subject.kind === 'account' ? null : subject.network
  if (subject.kind === 'address') return { account: null, network }
  const { kind, id } = subject.account
  return { account: kind === 'person' ? (entryByUuid(id)?.dn ?? id) : id, network }
}

/** `rosterd throttle clear`: forgets the failures of a person, a binder or an address, or all of them. */
export const throttleClearCommand: Command<{ readonly of: string | null }, { readonly cleared: number }> = {
  name: 'throttle-clear',
  async execute(workspace, { of }) {
    const { directory } = workspace
    const matches = of === null ? () => true : await subjectTest(workspace, of)
    let cleared = 0
    await directory.commitFrom(async () => {
      const subjects = (await countedFailures(directory.store)).map(({ subject }) => subject).filter(matches)
      cleared = subjects.length
      return { cause: { kind: 'server', id: 'throttle clear' }, entries: [], records: clearedFailures(subjects) }
    })
    return { cleared }
  },
  text: ({ cleared }) =>
    cleared === 0 ? 'Nothing counted there.\n' : `Forgotten: ${cleared} counts of failed binds.\n`,
  exitCode: () => ExitCode.ok,
}

async function subjectTest(
  workspace: Workspace,
  of: string,
): Promise<(subject: CountedFailures['subject']) => boolean> {
  if (isIP(of.replace(/\/64$/, '')) !== 0) {
    const network = networkOf(of.replace(/\/64$/, ''))
    return (subject) => subject.kind !== 'account' && subject.network === network
  }
  const names = await binderNames(workspace.config, workspace.directory.store)
  const isBinder = names.includes(of)
  const id = isBinder ? of : (await namedPerson(workspace, of)).entryUUID
  return (subject) => subject.kind !== 'address' && subject.account.id === id
}
