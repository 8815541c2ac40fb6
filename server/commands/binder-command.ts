import { checkedBinder } from '../binders.ts'
import { binderDn } from '../directory/authentication/binder-registry.ts'
import type { ListedBinder, ListedSecret } from '../directory/credentials/binders.ts'
import { type Command, ExitCode } from './command.ts'

/** What a new secret is shown with, once. */
interface NewSecret {
  readonly dn: string
  readonly secret: string
  /** When the secrets before it end; null: there are none. */
  readonly othersEndAt: string | null
}

interface BinderInput {
  readonly name: string
  /** User name on this machine. */
  readonly by: string
}

export interface BinderAddInput extends Pick<BinderInput, 'by'> {
  /** A binder as the configuration has it, without a password. */
  readonly binder: unknown
}

const actor = (by: string) => ({ name: by, address: null })

/** `rosterd binder add`: a service account with a generated secret. */
export const binderAddCommand: Command<BinderAddInput, NewSecret> = {
  name: 'binder-add',
  async execute({ binders, directory }, { binder, by }) {
    const { name, settings } = checkedBinder(binder)
    const secret = await binders.add(name, settings, actor(by))
    return { dn: binderDn(name, directory.suffix), secret, othersEndAt: null }
  },
  text: secretText,
  exitCode: () => ExitCode.ok,
}

/** `rosterd binder rotate`: a new secret, while the one before works on for some days. */
export const binderRotateCommand: Command<BinderInput & { readonly overlapDays: number }, NewSecret> = {
  name: 'binder-rotate',
  async execute({ binders, directory, clock }, { name, overlapDays, by }) {
    const overlapMs = overlapDays * 24 * 3_600_000
    const secret = await binders.rotate(name, overlapMs, actor(by))
    const othersEndAt = overlapMs === 0 ? null : new Date(clock.now().getTime() + overlapMs).toISOString()
    return { dn: binderDn(name, directory.suffix), secret, othersEndAt }
  },
  text: secretText,
  exitCode: () => ExitCode.ok,
}

function secretText({ dn, secret, othersEndAt }: NewSecret): string {
  const end =
    othersEndAt === null
      ? ''
      : `The secret before it works until ${othersEndAt}; "rosterd binder list" shows which clients still use it.\n`
  return `DN:     ${dn}\nSecret: ${secret}\nIt is not shown again.\n${end}`
}

/** `rosterd binder list`: every service account, its secrets and which clients use them. */
export const binderListCommand: Command<{}, readonly ListedBinder[]> = {
  name: 'binder-list',
  execute: ({ binders }) => binders.list(),
  text: (listed) =>
    listed.length === 0
      ? 'There are no binders; "rosterd binder add NAME" makes one.\n'
      : listed.map(binderText).join(''),
  exitCode: () => ExitCode.ok,
}

function binderText(binder: ListedBinder): string {
  const { name, isConfigured, isUnused, scope, attributes, networks, requireTls, grants, secrets } = binder
  const limits = [
    scope === 'tree'
      ? 'whole tree'
      : `${scope.subtrees.join(' and ')}${scope.filter === null ? '' : ` with ${scope.filter}`}`,
    ...(attributes === '*' ? [] : [`only ${attributes.join(', ')}`]),
    ...(networks.length === 0 ? [] : [`from ${networks.join(', ')}`]),
    ...(requireTls ? ['TLS'] : []),
    ...grants,
  ]
  const flags = `${isConfigured ? ' (configuration file)' : ''}${isUnused ? ' UNUSED' : ''}`
  return [`${name}${flags}: ${limits.join('; ')}`, ...secrets.map(lineOf)].join('\n  ').concat('\n')
}

function lineOf({ id, endsAt, uses }: ListedSecret): string {
  const clients = uses.map(({ address, at }) => `${address} (${at})`)
  return `secret ${id}${endsAt === null ? '' : `, ends ${endsAt}`}: ${clients.length === 0 ? 'never used' : `used by ${clients.join(', ')}`}`
}

/** `rosterd binder remove`: it binds no more, and its open connections read no more. */
export const binderRemoveCommand: Command<BinderInput, { readonly removed: string }> = {
  name: 'binder-remove',
  async execute({ binders }, { name, by }) {
    await binders.remove(name, actor(by))
    return { removed: name }
  },
  text: ({ removed }) => `Binder ${removed} is removed.\n`,
  exitCode: () => ExitCode.ok,
}
