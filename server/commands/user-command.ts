import { activeBlock, readAccount, type SignInBlock } from '../directory/credentials/credential-records.ts'
import type { RevokedCredentials } from '../directory/credentials/incidents.ts'
import type { SignInEvent } from '../directory/credentials/sign-in-history.ts'
import { type SignInState, signInState } from '../directory/credentials/sign-in-state.ts'
import { blockSignIn, type RevokedBesides, revokeSignIn } from '../person-sign-in.ts'
import { type Command, ExitCode } from './command.ts'
import { type NamedPerson, namedPerson } from './named-person.ts'
import { ascending } from '../runtime/order.ts'

/** Whom a command is about. */
export interface UserInput {
  /** Whatever `explain` understands. */
  readonly user: string
}

/** A change, and who makes it. */
export interface UserChangeInput extends UserInput {
  readonly by: string
}

export type ShownUser = NamedPerson & SignInState

/** `rosterd user show`: what somebody signs in with here. */
export const userShowCommand: Command<UserInput, ShownUser> = {
  name: 'user-show',
  async execute(workspace, { user }) {
    const person = await namedPerson(workspace, user)
    return { ...person, ...(await signInState(workspace.directory.store, person.entryUUID, workspace.clock.now())) }
  },
  text: shownText,
  exitCode: () => ExitCode.ok,
}

function shownText(user: ShownUser): string {
  const { name, entryUUID, status, block, passThrough, directoryPassword, providerPassword, secondFactor } = user
  const lines = [
    name,
    `  entryUUID: ${entryUUID}`,
    `  status: ${status}`,
    `  sign-in: ${block === null ? 'not blocked' : blockText(block)}`,
    `  directory password: ${directoryPassword === null ? 'none' : `set ${directoryPassword.setAt}${directoryPassword.mustChange ? ', to be changed' : ''}`}`,
    ...(user.importedPasswords > 0 ? [`  passwords of a file: ${user.importedPasswords}`] : []),
    `  app passwords: ${user.appPasswords.length === 0 ? 'none' : user.appPasswords.map((one) => `${one.name} (${one.id})`).join(', ')}`,
    `  second factor: ${secondFactor === null ? 'none' : secondFactor.isConfirmed ? `on, ${secondFactor.recoveryCodes} recovery codes left` : 'begun, not confirmed'}`,
    ...(passThrough === null ? [] : ['  pass-through sign-in: never']),
    ...(providerPassword === null
      ? []
      : [`  password kept after a check at ${providerPassword.provider}: ${providerPassword.checkedAt}`]),
    ...(user.ntHash ? ['  NT hash: kept'] : []),
    ...user.lastUses
      .slice(0, 1)
      .map(({ at, address, credential }) => `  last sign-in: ${at} from ${address}, with ${credential}`),
    ...user.history.slice(0, shownEvents).map((event) => `  ${eventText(event)}`),
  ]
  return `${lines.join('\n')}\n`
}

const shownEvents = 10

function eventText({ time, by, event, details }: SignInEvent): string {
  const more = Object.entries(details).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return `${time} ${event} by ${by}${more.length === 0 ? '' : ` (${more.join(', ')})`}`
}

function blockText({ reason, by, since, until, isOver }: NonNullable<ShownUser['block']>): string {
  const end = until === null ? '' : isOver ? `, over since ${until}` : ` until ${until}`
  return `BLOCKED since ${since} by ${by}${end}: ${reason}`
}

/** `rosterd user block`: nobody signs in as this person, whatever the provider says. */
export const userBlockCommand: Command<
  UserChangeInput & { readonly reason: string; readonly until: string | undefined },
  NamedPerson
> = {
  name: 'user-block',
  async execute(workspace, { user, by, reason, until }) {
    const person = await namedPerson(workspace, user)
    const end = until === undefined ? undefined : new Date(until)
    await blockSignIn(workspace, person.entryUUID, { reason, until: end }, { kind: 'admin', id: by })
    return person
  },
  text: ({ name }) => `${name} cannot sign in any more. "rosterd user unblock" lifts it.\n`,
  exitCode: () => ExitCode.ok,
}

/** Somebody whom an administrator keeps from signing in. */
export type BlockedUser = SignInBlock & { readonly entryUUID: string; readonly name: string }

/** `rosterd user blocked`: everybody who is blocked now. */
export const userBlockedCommand: Command<object, readonly BlockedUser[]> = {
  name: 'user-blocked',
  async execute({ directory, clock }) {
    const blocked: BlockedUser[] = []
    for await (const { key, value } of directory.store.list('account')) {
      const [entryUUID = ''] = key
      const block = activeBlock(readAccount(value), clock.now())
      const name = directory.entryByUuid(entryUUID)?.dn ?? entryUUID
      if (block !== undefined) blocked.push({ entryUUID, name, ...block })
    }
    return blocked.sort(ascending(({ since }) => since))
  },
  text: (blocked) =>
    blocked.length === 0
      ? 'Nobody is blocked.\n'
      : blocked.map((user) => `${user.name}: ${blockText({ ...user, isOver: false })}\n`).join(''),
  exitCode: () => ExitCode.ok,
}

/** `rosterd user unblock` */
export const userUnblockCommand: Command<UserChangeInput, NamedPerson & { readonly wasBlocked: boolean }> = {
  name: 'user-unblock',
  async execute(workspace, { user, by }) {
    const person = await namedPerson(workspace, user)
    const wasBlocked = await workspace.accounts.incidents.unblock(person.entryUUID, { kind: 'admin', id: by })
    return { ...person, wasBlocked }
  },
  text: ({ name, wasBlocked }) => (wasBlocked ? `The block of ${name} is lifted.\n` : `${name} was not blocked.\n`),
  exitCode: () => ExitCode.ok,
}

/** `rosterd user revoke`: everything the person could sign in with here is gone. */
export const userRevokeCommand: Command<
  UserChangeInput & { readonly secondFactor: boolean },
  NamedPerson & { readonly revoked: RevokedCredentials } & RevokedBesides
> = {
  name: 'user-revoke',
  async execute(workspace, { user, by, secondFactor }) {
    const person = await namedPerson(workspace, user)
    return {
      ...person,
      ...(await revokeSignIn(workspace, person.entryUUID, { secondFactor }, { kind: 'admin', id: by })),
    }
  },
  text: ({ name, revoked, ...besides }) => `${revokedText(name, revoked, besides)}\n`,
  exitCode: () => ExitCode.ok,
}

function revokedText(
  name: string,
  revoked: RevokedCredentials,
  { sessions, enrollmentLink, sshKeys, sshKeysElsewhere }: RevokedBesides,
): string {
  const parts = [
    ...(revoked.directoryPassword ? ['the directory password'] : []),
    ...(revoked.appPasswords > 0 ? [`${revoked.appPasswords} app password${revoked.appPasswords > 1 ? 's' : ''}`] : []),
    ...(revoked.providerPassword ? ['the password kept after a check at the provider'] : []),
    ...(revoked.secondFactor ? ['the second factor'] : []),
    ...(sessions > 0 ? ['being signed in to the pages'] : []),
    ...(enrollmentLink ? ['the enrollment link'] : []),
    ...(sshKeys > 0 ? [`${sshKeys} SSH key${sshKeys > 1 ? 's' : ''}`] : []),
  ]
  const file = revoked.importedPasswords > 0 ? ' The password in the file stays: remove it there.' : ''
  const keys = sshKeysElsewhere > 0 ? ' SSH keys of a file or the provider stay: remove them there.' : ''
  const done = parts.length === 0 ? `${name} had nothing to revoke.` : `Revoked of ${name}: ${parts.join(', ')}.`
  return `${done}${file}${keys} What the provider itself accepts is changed there; "rosterd user block" refuses it here.`
}

/** `rosterd user pass-through`: whether the provider may be asked for this person's password. */
export const userPassThroughCommand: Command<
  UserChangeInput & { readonly passThrough: 'never' | 'default' },
  NamedPerson & { readonly passThrough: 'never' | null }
> = {
  name: 'user-pass-through',
  async execute(workspace, { user, by, passThrough: wanted }) {
    const person = await namedPerson(workspace, user)
    const passThrough = wanted === 'never' ? 'never' : null
    await workspace.accounts.incidents.setPassThrough(person.entryUUID, passThrough, { kind: 'admin', id: by })
    return { ...person, passThrough }
  },
  text: ({ name, passThrough }) =>
    passThrough === 'never'
      ? `The provider is not asked for the password of ${name} any more.\n`
      : `The setting of the provider says whether it is asked for the password of ${name}.\n`,
  exitCode: () => ExitCode.ok,
}
