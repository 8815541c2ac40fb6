import type { ListedAdmin } from '../directory/administrators/admin-list.ts'
import type { Role } from '../directory/administrators/admin-records.ts'
import type { SetupLink } from '../directory/administrators/setup-links.ts'
import { type Command, ExitCode } from './command.ts'

interface AdminInput {
  readonly name: string
  /** User name on this machine. */
  readonly by: string
}

type NamedLink = SetupLink & { readonly name: string }

const actor = (by: string) => ({ name: by, address: null })

/** `rosterd admin create`: a new administrator, who chooses a password with a one-time link. */
export const adminCreateCommand: Command<AdminInput & { readonly role: Role }, NamedLink> = {
  name: 'admin-create',
  execute: async ({ administrators }, { name, role, by }) => ({
    name,
    ...(await administrators.create(name, role, actor(by))),
  }),
  text: linkText,
  exitCode: () => ExitCode.ok,
}

/** `rosterd admin reset`: password, second factor and sessions end; a one-time link leads to a new password. */
export const adminResetCommand: Command<AdminInput, NamedLink> = {
  name: 'admin-reset',
  execute: async ({ administrators }, { name, by }) => ({ name, ...(await administrators.reset(name, actor(by))) }),
  text: linkText,
  exitCode: () => ExitCode.ok,
}

function linkText({ name, url, expires }: NamedLink): string {
  return `With this link ${name} chooses a password:\n\n  ${url}\n\nIt works once, until ${expires}.\n`
}

/** `rosterd admin list`: who administers this server. */
export const adminListCommand: Command<object, readonly ListedAdmin[]> = {
  name: 'admin-list',
  execute: ({ administrators }) => administrators.list(),
  text: (admins) =>
    admins.length === 0
      ? 'There are no administrators; "rosterd serve" prints a link for the first one, "rosterd admin create NAME --role owner" makes one.\n'
      : admins.map(adminText).join(''),
  exitCode: () => ExitCode.ok,
}

function adminText({ name, role, canSignIn, hasSecondFactor, lastSignIn }: ListedAdmin): string {
  const parts = [
    role,
    ...(canSignIn ? [] : ['waits for a setup link to be used']),
    ...(hasSecondFactor ? ['second factor'] : []),
    lastSignIn === null ? 'never signed in' : `last signed in ${lastSignIn.at} from ${lastSignIn.address}`,
  ]
  return `${name}: ${parts.join(', ')}\n`
}

/** `rosterd admin remove`: ends an administrator at once. */
export const adminRemoveCommand: Command<AdminInput, { readonly removed: string }> = {
  name: 'admin-remove',
  async execute({ administrators }, { name, by }) {
    await administrators.remove(name, actor(by))
    return { removed: name }
  },
  text: ({ removed }) => `Administrator ${removed} is removed.\n`,
  exitCode: () => ExitCode.ok,
}
