import type { ListedAppPassword } from '../directory/credentials/app-passwords.ts'
import { type Command, ExitCode } from './command.ts'
import { type NamedPerson, namedPerson, presentPerson } from './named-person.ts'
import type { UserChangeInput, UserInput } from './user-command.ts'

export interface AppPasswordAddInput extends UserChangeInput {
  readonly name: string
  /** ISO 8601. */
  readonly expires: string | undefined
  readonly networks: readonly string[]
}

/** `rosterd user app-password add`: a password for one application, shown once. */
export const appPasswordAddCommand: Command<
  AppPasswordAddInput,
  NamedPerson & { readonly password: string; readonly added: ListedAppPassword }
> = {
  name: 'user-app-password-add',
  async execute(workspace, { user, by, name, expires, networks }) {
    const person = await presentPerson(workspace, user)
    const expiresAt = expires === undefined ? undefined : new Date(expires)
    const { appPasswords } = workspace.accounts
    const made = await appPasswords.add(person.entryUUID, { name, expiresAt, networks }, { kind: 'admin', id: by })
    return { ...person, ...made }
  },
  text: ({ name, password, added }) =>
    `App password "${added.name}" of ${name}, shown only now:\n\n  ${password}\n\nIt takes the place of the password in that one application.\n`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd user app-password list` */
export const appPasswordListCommand: Command<UserInput, readonly ListedAppPassword[]> = {
  name: 'user-app-password-list',
  async execute(workspace, { user }) {
    const { entryUUID } = await namedPerson(workspace, user)
    return await workspace.accounts.appPasswords.list(entryUUID)
  },
  text: (listed) => (listed.length === 0 ? 'There are no app passwords.\n' : listed.map(listedText).join('')),
  exitCode: () => ExitCode.ok,
}

function listedText({ id, name, createdAt, expiresAt, networks, lastUse }: ListedAppPassword): string {
  const parts = [
    `added ${createdAt}`,
    ...(expiresAt === null ? [] : [`until ${expiresAt}`]),
    lastUse === null ? 'never used' : `last used ${lastUse.at} from ${lastUse.address}`,
    ...(networks.length === 0 ? [] : [`from ${networks.join(', ')}`]),
  ]
  return `${id} ${name}: ${parts.join(', ')}\n`
}

/** `rosterd user app-password revoke` */
export const appPasswordRevokeCommand: Command<UserChangeInput & { readonly id: string }, NamedPerson> = {
  name: 'user-app-password-revoke',
  async execute(workspace, { user, by, id }) {
    const person = await namedPerson(workspace, user)
    const { appPasswords } = workspace.accounts
    if (await appPasswords.revoke(person.entryUUID, id, { kind: 'admin', id: by })) return person
    const ids = (await appPasswords.list(person.entryUUID)).map((listed) => `${listed.id} (${listed.name})`)
    throw new Error(
      `${person.name} has no app password "${id}"; ${ids.length === 0 ? 'there is none' : `there are: ${ids.join(', ')}`}`,
    )
  },
  text: ({ name }) => `The app password of ${name} is revoked.\n`,
  exitCode: () => ExitCode.ok,
}
