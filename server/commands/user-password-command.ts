import { resetPassword } from '../person-sign-in.ts'
import { type Command, ExitCode } from './command.ts'
import { type NamedPerson, namedPerson, presentPerson } from './named-person.ts'
import type { UserChangeInput } from './user-command.ts'

/** `rosterd user set-password`: a password that the administrator knows. */
export const userSetPasswordCommand: Command<
  UserChangeInput & { readonly password: string; readonly mustChange: boolean },
  NamedPerson
> = {
  name: 'user-set-password',
  async execute(workspace, { user, by, password, mustChange }) {
    const person = await presentPerson(workspace, user)
    const { passwords } = workspace.accounts
    // First: whoever is signed in gives themselves nothing that outlives it.
    await workspace.webSessions.endOf(person.entryUUID)
    const outcome = await passwords.set(person.entryUUID, password, { mustChange }, { kind: 'admin', id: by })
    if (!outcome.set) throw new Error(outcome.why === 'policy' ? outcome.refusal.message : outcome.message)
    return person
  },
  text: ({ name }) => `The password of ${name} is set.\n`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd user reset-password`: a one-time password, shown once. */
export const userResetPasswordCommand: Command<UserChangeInput, NamedPerson & { readonly password: string }> = {
  name: 'user-reset-password',
  async execute(workspace, { user, by }) {
    const person = await presentPerson(workspace, user)
    const password = await resetPassword(workspace, person.entryUUID, { kind: 'admin', id: by })
    return { ...person, password }
  },
  text: ({ name, password }) =>
    `One-time password of ${name}, shown only now:\n\n  ${password}\n\nIt is good for nothing but to set another one.\n`,
  exitCode: () => ExitCode.ok,
}

/** `rosterd user remove-password`: the directory password ends; what else the person has stays. */
export const userRemovePasswordCommand: Command<UserChangeInput, NamedPerson & { readonly wasThere: boolean }> = {
  name: 'user-remove-password',
  async execute(workspace, { user, by }) {
    const person = await namedPerson(workspace, user)
    const wasThere = await workspace.accounts.passwords.remove(person.entryUUID, { kind: 'admin', id: by })
    return { ...person, wasThere }
  },
  text: ({ name, wasThere }) =>
    wasThere ? `The directory password of ${name} is removed.\n` : `${name} has no directory password.\n`,
  exitCode: () => ExitCode.ok,
}
