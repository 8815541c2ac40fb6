import { isIP } from 'node:net'
import type { FailedBinds } from '../admin-ui/admin/throttle-services.ts'
import {
  type CountedFailures,
  countedFailures,
  type ThrottleSubject,
} from './directory/authentication/throttle-records.ts'
import { binderNames } from './directory/credentials/binders.ts'
import { namedPerson } from './commands/named-person.ts'
import { networkOf } from './runtime/address-network.ts'
import type { Workspace } from './workspace.ts'
import { descending } from './runtime/order.ts'

/** Failed binds that still count, those that are refused now first. */
export async function shownFailures({
  directory,
  clock,
}: Pick<Workspace, 'directory' | 'clock'>): Promise<readonly FailedBinds[]> {
  const now = clock.now().toISOString()
  const shown = (await countedFailures(directory.store)).map(({ subject, count, lastAt, blockedUntil }) => ({
    ...namesOf(subject, directory),
    count,
    lastAt,
    blockedUntil: blockedUntil !== null && blockedUntil > now ? blockedUntil : null,
  }))
  const order = ({ blockedUntil, lastAt }: FailedBinds) => `${blockedUntil ?? ''} ${lastAt}`
  return shown.sort(descending(order))
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

/** Which failures are of a person, a binder or an address; null: all are. Throws ChangeRefused when nobody is called so. */
export async function failuresOf(
  workspace: Pick<Workspace, 'config' | 'directory' | 'engine'>,
  of: string | null,
): Promise<(failures: Pick<CountedFailures, 'subject'>) => boolean> {
  if (of === null) return () => true
  const address = of.replace(/\/64$/, '')
  if (isIP(address) !== 0) {
    const network = networkOf(address)
    return ({ subject }) => subject.kind !== 'account' && subject.network === network
  }
  const names = await binderNames(workspace.config, workspace.directory.store)
  const id = names.includes(of) ? of : (await namedPerson(workspace, of)).entryUUID
  return ({ subject }) => subject.kind !== 'address' && subject.account.id === id
}
